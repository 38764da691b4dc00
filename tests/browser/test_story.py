"""Merging stories, bulk actions and scores in a browser, with and without JavaScript."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from articles import heat, newsdesk
from articles.models import Act, Article, Related
from tests.browser.conftest import OpenPage
from tests.browser.sound import assert_sound
from tests.factories import make_article, make_provider, relate

LIST = "/admin/articles/article/"


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(request: pytest.FixtureRequest, open_page: OpenPage, superuser: User) -> Page:
    """Return a page with a superuser logged in, with and without JavaScript."""
    return open_page(superuser, java_script_enabled=request.param)


def address(article: Article) -> str:
    return reverse("admin:articles_article_story", args=[article.pk])


def make_story(words: str, *qualities: int) -> list[Article]:
    provider = make_provider(name="The Morning Star of the North-Western Districts")
    title = f"{words}, and a headline that goes on for as long as headlines now and then do"
    articles = [make_article(title=title, quality=one, provider=provider) for one in qualities]
    for article in articles:
        relate(article, *(one for one in articles if one != article))
    heat.recompute([article.pk for article in articles])
    return articles


def links() -> set[tuple[int, int]]:
    return set(Related.objects.values_list("article_id", "target_id"))


def test_merge_and_undo(page: Page) -> None:
    lead, _ = make_story("A comet passes", 60, 50)
    make_story("Seen above the harbor", 75, 40)
    before = links()
    page.goto(address(lead))
    page.fill("[name=find]", "seen above the harbor")
    page.press("[name=find]", "Enter")
    page.locator("[name=merge]").first.click()
    expect(page.locator("h1")).to_contain_text("Merge this story with that of")
    expect(page.locator(".kinds")).to_contain_text("1 will be listed behind a lead")
    assert links() == before
    page.fill("[name=reason]", "the same comet")
    page.click("[name=do]")
    expect(page.locator(".messagelist .success")).to_contain_text("Merged the story")
    expect(page.locator(".members h2")).to_have_count(4)
    assert len(links()) == 12
    page.click(".messagelist .undo button")
    expect(page.locator(".members h2")).to_have_count(2)
    assert links() == before


def test_split_and_pin(page: Page) -> None:
    lead, second, third = make_story("A comet passes", 60, 50, 40)
    page.goto(address(lead))
    page.check(f'[name=member][value="{third.pk}"]')
    page.click("[name=split]")
    page.click("[name=do]")
    expect(page.locator(".members h2")).to_have_count(2)
    page.click(f'[name=pin][value="{second.pk}"]')
    page.click("[name=do]")
    expect(page.locator(".members .why").first).to_contain_text("pinned as the lead")
    assert Article.objects.get(pk=second.pk).heat == 60


def test_many_at_once_and_undo(page: Page) -> None:
    for _ in range(60):
        make_article()
    page.goto(LIST)
    across = page.locator("[name=select_across][type=checkbox]")
    if across.count():
        across.check()
    else:
        page.check("#action-toggle")
        page.click(".actions .question a")
    page.select_option("[name=action]", "hold")
    page.click("[name=index]")
    expect(page.locator(".kinds").first).to_contain_text("60 will no longer be published")
    page.click("[name=do]")
    expect(page.locator(".messagelist")).to_contain_text("Held: 60 articles.")
    assert Article.objects.filter(decision="hold").count() == 60
    page.click(".messagelist .undo button")
    expect(page.locator(".messagelist")).to_contain_text("Undone")
    assert not Article.objects.filter(decision="hold").exists()


def test_conflicting_save_in_the_list(page: Page, superuser: User) -> None:
    mine, theirs = make_article(quality=40), make_article(quality=50)
    page.goto(LIST)
    page.fill(f"[name=quality-{mine.pk}]", "66")
    page.fill(f"[name=quality-{theirs.pk}]", "77")
    newsdesk.perform(newsdesk.set_quality(theirs, 55), by=superuser, reason="second look")
    page.press(f"[name=quality-{mine.pk}]", "Enter")
    expect(page.locator("h1")).to_contain_text("Not saved: 1 article")
    expect(page.locator(".members li")).to_contain_text("second look")
    expect(page.locator(".numbers dd").nth(0)).to_have_text("50")
    expect(page.locator(".numbers dd").nth(1)).to_have_text("55")
    expect(page.locator(f"[name=quality-{theirs.pk}]")).to_have_value("77")
    stored = dict(Article.objects.values_list("pk", "quality"))
    assert stored == {mine.pk: 66, theirs.pk: 55}
    page.click("text=Save my input")
    expect(page.locator(".messagelist")).to_contain_text("Scored: 1 article.")
    assert Article.objects.get(pk=theirs.pk).quality == 77
    assert Act.objects.count() == 3


class TestSound:
    def test_consequences_of_a_merge(self, admin_page: Page) -> None:
        lead, _ = make_story("A comet passes", 60, 50)
        make_story("Seen above the harbor", 75, 40)
        admin_page.goto(address(lead) + "?find=harbor")
        admin_page.locator("[name=merge]").first.click()
        expect(admin_page.locator("[name=do]")).to_be_visible()
        assert_sound(admin_page)
        admin_page.click("[name=do]")
        admin_page.wait_for_selector(".messagelist .success")
        assert_sound(admin_page)

    def test_consequences_of_an_action(self, admin_page: Page) -> None:
        make_article(decision="withdraw")
        make_story("A comet passes", 60, 50)
        admin_page.goto(LIST)
        admin_page.check("#action-toggle")
        admin_page.select_option("[name=action]", "score")
        admin_page.click("[name=index]")
        assert_sound(admin_page)
        admin_page.fill("[name=quality]", "70")
        admin_page.click("[name=ask]")
        expect(admin_page.locator("[name=do]")).to_be_visible()
        assert_sound(admin_page)

    def test_scores_not_saved(self, admin_page: Page) -> None:
        theirs = make_story("A comet passes", 60)[0]
        admin_page.goto(LIST)
        Article.objects.filter(pk=theirs.pk).update(version=9)
        admin_page.fill(f"[name=quality-{theirs.pk}]", "77")
        admin_page.press(f"[name=quality-{theirs.pk}]", "Enter")
        admin_page.wait_for_selector(".errornote")
        assert_sound(admin_page)

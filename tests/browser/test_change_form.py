"""Saving over a newer version, in a browser."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from articles import newsdesk
from articles.models import Article
from tests.articles.admin.admin_pages import page_of
from tests.browser.conftest import OpenPage
from tests.browser.sound import assert_sound
from tests.factories import make_article


def stored(article: Article) -> Article:
    return Article.objects.get(pk=article.pk)


class TestSaveOverANewerVersion:
    def test_shows_both_and_saves_the_choice(self, open_page: OpenPage, superuser: User) -> None:
        article = make_article(title="Council votes tonight", excerpt="It may.")
        page = open_page(superuser)
        page.goto(page_of(article))
        page.fill("#id_title", "Council votes at last")
        page.fill("#id_excerpt", "It did.")
        change = newsdesk.edit(stored(article), title="Council votes on the harbor")
        newsdesk.perform(change, by=superuser, reason="more precise")
        page.get_by_role("button", name="Save", exact=True).click()

        panel = page.get_by_role("region", name="Changed after you opened it")
        expect(panel).to_contain_text("Council votes tonight")
        expect(panel).to_contain_text("Council votes on the harbor")
        expect(panel).to_contain_text("Council votes at last")
        expect(panel).to_contain_text("more precise")
        expect(page.locator("#id_title")).to_have_value("Council votes at last")
        expect(page.locator("#id_excerpt")).to_have_value("It did.")
        assert_sound(page)
        assert stored(article).title == "Council votes on the harbor"

        page.get_by_label("Save mine over it").check()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page).to_have_url(re.compile(r"/admin/articles/article/(\?|$)"))
        now = stored(article)
        assert (now.title, now.excerpt) == ("Council votes at last", "It did.")


class TestHistory:
    @pytest.mark.parametrize("name", ["compared", "restored", "conflicts", "import"])
    def test_pages_are_sound(self, open_page: OpenPage, superuser: User, name: str) -> None:
        article = make_article(title="Council votes tonight", quality=50)
        change = newsdesk.set_quality(stored(article), 75)
        newsdesk.perform(change, by=superuser, reason="a scoop")
        change = newsdesk.relate(stored(article), [make_article(title="Harbor vote tonight")])
        newsdesk.perform(change, by=superuser)
        newsdesk.perform(
            newsdesk.edit(stored(article), title="Council votes", body="Now.\n" * 3), by=superuser
        )
        article.import_conflicts.create(
            field="title",
            before="Council votes tonight",
            source="Council votes",
            editor="Ours",
            found_at=article.published_at,
        )
        page = open_page(superuser)
        page.goto(
            {
                "compared": page_of(article, "history") + "?from=0&to=now",
                "restored": f"/admin/articles/article/{article.pk}/history/0/restore/",
                "conflicts": "/admin/articles/article/conflicts/",
                "import": "/admin/articles/importrun/import/",
            }[name]
        )
        assert_sound(page)

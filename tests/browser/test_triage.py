"""Triage in a browser: one key for each decision, and no input is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from articles import newsdesk
from articles.models import Act, Article, Image, Pair, ProviderRecord, QualityModel
from articles.roles import Role
from tests.browser.chromium import PHONE
from tests.browser.conftest import OpenPage
from tests.browser.sound import assert_sound
from tests.factories import NOW, make_article, make_pair, make_superseded, make_user, relate

ADDRESS: Final = "/admin/articles/article/triage/not-scored/"


class Keyboard:
    """A keyboard that counts: digits type a number, other keys decide."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.digits = 0
        self.others = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            if key.isdecimal():
                self.digits += 1
            else:
                self.others += 1


def make_waiting(count: int) -> list[Article]:
    """Store unscored articles, in the order of their queue."""
    return [
        make_article(quality=None, published_at=NOW - timedelta(minutes=number))
        for number in range(count)
    ]


@pytest.fixture
def page(open_page: OpenPage, transactional_db: None) -> Page:
    return open_page(make_user(Role.PUBLISHER))


def expect_focus(page: Page, article: Article) -> None:
    """Wait for an article to appear; by then the previous decision is stored."""
    expect(page.locator(f"#triage[data-article='{article.pk}']:not([aria-busy])")).to_be_visible()


class TestKeyboard:
    def test_fifty_articles_with_one_key_each(self, page: Page) -> None:
        articles = make_waiting(50)
        page.goto(ADDRESS)
        keyboard = Keyboard(page)
        for number, article in enumerate(articles):
            expect(page.locator(f"#triage[data-article='{article.pk}']")).to_be_visible()
            match number % 5:
                case 0 | 1 | 2:
                    keyboard.press(*str(40 + number), "Enter")
                case 3:
                    keyboard.press("h")
                case _:
                    keyboard.press("p")
        expect(page.get_by_role("heading", name="Nothing waits here")).to_be_visible()

        assert (keyboard.digits, keyboard.others) == (60, 50)
        for number, article in enumerate(articles):
            article.refresh_from_db()
            stands = (article.quality, article.decision)
            scored = (40 + number, "")
            assert stands == {3: (None, "hold"), 4: (None, "publish")}.get(number % 5, scored)
        assert Act.objects.count() == 50

    def test_keys_faster_than_the_responses(self, page: Page) -> None:
        """Keys pressed while a decision is being sent apply to the article on the screen."""
        first, second, third = make_waiting(3)
        slow: list[Route] = []
        page.goto(ADDRESS)
        page.wait_for_load_state("networkidle")
        page.route("**/triage/not-scored/", lambda route: slow.append(route), times=1)
        page.keyboard.press("h")
        expect(page.locator(f"#triage[data-article='{second.pk}'][aria-busy]")).to_be_visible()
        for key in ("4", "2", "Enter"):
            page.keyboard.press(key)
        slow[0].continue_()
        expect_focus(page, third)
        for article, stands in ((first, ("hold", None)), (second, ("", 42))):
            article.refresh_from_db()
            assert (article.decision, article.quality) == stands

    def test_steps_and_undo(self, page: Page) -> None:
        first, second, third = make_waiting(3)
        page.goto(ADDRESS)
        page.keyboard.press("j")
        expect_focus(page, second)
        page.keyboard.press("k")
        expect_focus(page, first)
        page.keyboard.press("j")
        expect_focus(page, second)
        for key in ("5", "7", "Enter"):
            page.keyboard.press(key)
        expect_focus(page, third)
        page.keyboard.press("u")
        expect_focus(page, second)
        second.refresh_from_db()
        assert second.quality is None
        # The URL changes, so a reload shows the same article.
        page.reload()
        expect_focus(page, second)

    def test_pin_and_release(self, page: Page) -> None:
        article = make_article(quality=65)
        page.goto(ADDRESS.replace("not-scored", "one-away"))
        page.keyboard.press("l")
        expect(page.get_by_text("That was the last one")).to_be_visible()
        article.refresh_from_db()
        assert article.is_pinned

    def test_keys_rest_in_fields_and_with_modifiers(self, page: Page) -> None:
        article, _ = make_waiting(2)
        page.goto(ADDRESS)
        page.get_by_label("Note").focus()
        page.keyboard.type("php 57 ?")
        assert page.get_by_label("Note").input_value() == "php 57 ?"
        page.get_by_role("heading", level=2).first.focus()
        page.keyboard.press("Control+j")
        page.keyboard.press("Alt+h")
        page.keyboard.press("7")
        page.keyboard.press("Escape")
        assert page.get_by_label("Quality").input_value() == ""
        expect_focus(page, article)
        assert not page.locator("#triage-help").is_visible()
        assert not Act.objects.exists()

    def test_help(self, page: Page) -> None:
        article = make_waiting(1)[0]
        page.goto(ADDRESS)
        page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="Keys")
        expect(dialog).to_be_visible()
        page.keyboard.press("h")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        page.get_by_role("button", name="Keys").click()
        expect(dialog).to_be_visible()
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_be_hidden()
        expect_focus(page, article)

    def test_keys_beyond_the_role_do_nothing(
        self, open_page: OpenPage, transactional_db: None
    ) -> None:
        article = make_waiting(1)[0]
        page = open_page(make_user(Role.VIEWER))
        page.goto(ADDRESS)
        for key in ("5", "p", "h", "l", "u", "Enter"):
            page.keyboard.press(key)
        expect_focus(page, article)
        assert not Act.objects.exists()


class TestNothingLost:
    def test_conflict_shows_what_was_typed(self, page: Page) -> None:
        article, second = make_waiting(2)
        page.goto(ADDRESS)
        page.get_by_label("Note").fill("Two sources")
        page.get_by_role("heading", level=2).first.focus()
        newsdesk.perform(newsdesk.set_quality(article, 33), by=None)
        for key in ("5", "7", "Enter"):
            page.keyboard.press(key)
        expect(page.get_by_role("alert")).to_contain_text("Nothing was done")
        expect_focus(page, article)
        expect(page.get_by_label("Quality")).to_have_value("57")
        expect(page.get_by_label("Note")).to_have_value("Two sources")
        article.refresh_from_db()
        assert article.quality == 33
        page.get_by_role("button", name="Score").click()
        expect_focus(page, second)
        expect(page.get_by_role("alert")).to_be_hidden()
        article.refresh_from_db()
        assert article.quality == 57

    def test_refused_undo_is_shown(self, page: Page) -> None:
        article, second = make_waiting(2)
        page.goto(ADDRESS)
        page.keyboard.press("h")
        expect_focus(page, second)
        article.refresh_from_db()
        newsdesk.perform(newsdesk.release(article), by=None)
        page.keyboard.press("u")
        expect(page.locator(".errornote")).to_contain_text("changed again since")

    def test_lost_connection_falls_back(self, page: Page, faults: list[str]) -> None:
        article, second = make_waiting(2)
        page.goto(ADDRESS)
        page.wait_for_load_state("networkidle")
        page.route("**/triage/not-scored/", lambda route: route.abort(), times=1)
        page.keyboard.press("h")
        # Submitted again as a form.
        expect_focus(page, second)
        article.refresh_from_db()
        assert article.decision == "hold"
        assert any("ERR_FAILED" in fault for fault in faults)
        faults.clear()

    def test_without_script(self, open_page: OpenPage, transactional_db: None) -> None:
        first, second = make_waiting(2)
        page = open_page(make_user(Role.PUBLISHER), java_script_enabled=False)
        page.goto(ADDRESS)
        assert not page.get_by_role("button", name="Keys").is_visible()
        page.get_by_label("Quality").fill("57")
        page.get_by_label("Quality").press("Enter")
        page.wait_for_selector(f"#triage[data-article='{second.pk}']")
        page.get_by_role("button", name="Undo").click()
        page.wait_for_selector(f"#triage[data-article='{first.pk}']")
        page.get_by_role("button", name="Hold").click()
        page.wait_for_selector(f"#triage[data-article='{second.pk}']")
        first.refresh_from_db()
        assert (first.quality, first.decision) == (None, "hold")


class TestLook:
    @pytest.fixture
    def everything(self, live_server_url: str) -> Article:
        article = make_article(
            title="A headline of some length about an event that nobody expected to be so long",
            excerpt="What happened. " * 40,
            quality=None,
            web_url="https://paper.example/" + "x" * 200,
        )
        make_superseded(article)
        relate(article, make_article(quality=50), make_article(decision="hold"))
        make_article(web_url=article.web_url, published_at=NOW - timedelta(days=3))
        Image.objects.create(article=article, position=0, url=live_server_url)
        newsdesk.perform(newsdesk.edit(article, body="More"), by=None, reason="A correction")
        return article

    @pytest.fixture
    def live_server_url(self, live_server: object) -> str:
        return f"{live_server}/static/articles/icon.svg"

    def test_triage(self, page: Page, everything: Article) -> None:
        page.goto(ADDRESS)
        expect_focus(page, everything)
        assert_sound(page)
        page.get_by_role("button", name="Keys").click()
        assert_sound(page)

    def test_end_and_conflict(self, page: Page, everything: Article) -> None:
        page.goto(ADDRESS + "?after=2000-01-01T00:00Z,x")
        assert_sound(page)
        page.goto(ADDRESS)
        Article.objects.update(version=9)
        page.keyboard.press("h")
        expect(page.get_by_role("alert")).to_be_visible()
        assert_sound(page)

    @pytest.mark.parametrize("verb", ["score", "hold", "schedule", "withdraw"])
    def test_decide(self, page: Page, everything: Article, verb: str) -> None:
        page.goto(reverse("admin:articles_article_decide", args=[everything.pk, verb]))
        assert_sound(page)

    def test_receipt_undo_and_message(self, page: Page, everything: Article) -> None:
        page.goto(reverse("admin:articles_article_receipt", args=[everything.pk]))
        assert_sound(page)
        page.goto(reverse("admin:articles_article_decide", args=[everything.pk, "hold"]))
        page.locator(".submit-row .default").click()
        expect(page.locator(".messagelist")).to_contain_text("Held")
        assert_sound(page)
        act = Act.objects.latest("pk")
        page.goto(reverse("admin:articles_act_undo", args=[act.pk]))
        assert_sound(page)
        page.goto(reverse("admin:articles_article_decide", args=[everything.pk, "release"]))
        page.locator(".submit-row .default").click()
        page.locator(".messagelist").get_by_role("button", name="Undo").click()
        expect(page.locator(".messagelist")).to_contain_text("Undone")

    def test_decisions_are_in_reach_on_a_phone(
        self, open_page: OpenPage, everything: Article
    ) -> None:
        page = open_page(make_user(Role.PUBLISHER), PHONE, is_mobile=True, has_touch=True)
        page.goto(ADDRESS)
        for name in ("Score", "Publish", "Hold"):
            box = page.get_by_role("button", name=name).bounding_box()
            assert box
            assert box["height"] >= 44
            assert box["y"] + box["height"] <= PHONE.height
        page.get_by_role("button", name="Hold").tap()
        expect(page.get_by_role("heading", name="Nothing waits here")).to_be_visible()


def test_suggested_quality_is_taken_by_one_key(page: Page) -> None:
    first, second = make_waiting(2)
    ProviderRecord.objects.create(provider=first.provider, scores=9, value=58)
    QualityModel.objects.create(learned=90, tested=30, is_on=True, fitted_at=NOW)
    page.goto(ADDRESS)
    expect_focus(page, first)
    expect(page.get_by_text("Suggested quality 58")).to_be_visible()
    page.keyboard.press("q")
    expect_focus(page, second)
    first.refresh_from_db()
    assert first.quality == 58
    # Digits still reach the box.
    page.keyboard.press("7")
    expect(page.locator(".triage-bar [name=quality]")).to_have_value("7")


def test_suggestions_are_linked_and_refused_by_one_key(page: Page) -> None:
    first, second = make_waiting(2)
    likely, unlikely = make_article(title="Likely"), make_article(title="Unlikely")
    make_pair(first, likely, score=4)
    pair = make_pair(first, unlikely, score=3)
    page.goto(ADDRESS)
    expect_focus(page, first)
    suggested = page.locator(".same-event")
    page.keyboard.press("Shift+B")
    expect(suggested.get_by_role("link", name="Unlikely")).to_have_count(0)
    pair.refresh_from_db()
    assert pair.verdict == Pair.Verdict.REFUSED
    # As with Caps Lock on: a capital without Shift.
    page.keyboard.press("A")
    expect(suggested).to_have_count(0)
    expect(page.get_by_text(f"Linked: “{first.headline}”")).to_be_visible()
    assert first.related_links.get().target == likely
    page.keyboard.press("u")
    expect(suggested.get_by_role("link", name="Likely")).to_be_visible()
    # The article waits until its own decision.
    expect_focus(page, first)
    page.keyboard.press("j")
    expect_focus(page, second)

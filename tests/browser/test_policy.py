"""Previewing and applying a policy with clicks."""

from __future__ import annotations

from itertools import count

import pytest
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from articles import newsdesk
from articles.admin.system import policy as pages
from articles.models import Article, PolicyVersion
from articles.newsdesk import policies
from articles.roles import Role
from articles.scoring import Policy
from tests.browser.conftest import OpenPage
from tests.browser.sound import assert_sound
from tests.factories import make_article, make_user

LIST = reverse("admin:articles_policyversion_changelist")
PROGRESS = reverse("admin:articles_policyversion_progress")
COUNT = 5


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Split applying a policy to five articles into several requests."""
    monkeypatch.setattr(policies, "PIECE", 1)
    monkeypatch.setattr(pages, "SECONDS", 0)
    cache.clear()


@pytest.fixture(autouse=True)
def articles(transactional_db: None) -> list[Article]:
    return [make_article(quality=60, title=f"Report {number}") for number in range(COUNT)]


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page(make_user(Role.PUBLISHER))


def expect_done(page: Page) -> None:
    expect(page.locator(".policy-done")).to_contain_text("Applied to all articles")
    assert Article.objects.filter(published=True).count() == COUNT
    assert PolicyVersion.objects.get().finished_at


def test_try_and_apply(page: Page) -> None:
    page.goto(LIST)
    page.fill("[name=threshold]", "60")
    page.click(".policy-form button")
    expect(page.locator(".policy-counts")).to_contain_text(f"{COUNT} Newly published")
    assert not PolicyVersion.objects.exists()
    assert_sound(page)
    page.locator("form", has_text="Apply").locator("[name=reason]").fill("a quiet month")
    page.check("[name=confirmed]")
    page.click("button:has-text('Apply')")
    expect_done(page)
    assert_sound(page)


def test_continues_after_an_interruption(page: Page, faults: list[str]) -> None:
    newsdesk.apply_policy(Policy(60, 10, 50), by=None)
    posted = count(1)

    def lose_the_third(route: Route) -> None:
        if route.request.method == "POST" and next(posted) == 3:
            route.abort()
        else:
            route.continue_()

    page.route(f"**{PROGRESS}", lose_the_third)
    page.goto(PROGRESS)
    expect(page.locator("[role=status]")).to_contain_text("Interrupted")
    assert PolicyVersion.objects.get().applied_to
    assert not PolicyVersion.objects.get().finished_at
    assert_sound(page)
    assert [fault for fault in faults if "ERR_FAILED" in fault], faults
    faults.clear()
    page.click("button:has-text('Continue')")
    expect_done(page)


def test_without_script(open_page: OpenPage) -> None:
    newsdesk.apply_policy(Policy(60, 10, 50), by=None)
    page = open_page(make_user(Role.PUBLISHER), java_script_enabled=False)
    page.goto(PROGRESS)
    for _ in range(COUNT + 1):
        page.click("button:has-text('Continue')")
    expect_done(page)

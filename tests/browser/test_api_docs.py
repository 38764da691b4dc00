"""The page that shows the API's schema: drawn under our content security policy, from here alone."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage


def test_shows_every_address(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/api/docs/")
    # Beside what is looked for, what the fixture watches: no fault of the policy, no other host.
    expect(page.locator(".opblock")).to_have_count(27, timeout=30_000)
    page.get_by_role("button", name="/api/v1/news/{slug}/").first.click()
    expect(page.locator(".opblock.is-open")).to_have_count(1)

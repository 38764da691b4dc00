"""The page of the API's schema works under our content security policy, without other hosts."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage


def test_shows_every_address(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/api/docs/")
    # The fixture also checks for violations of the policy and requests to other hosts.
    expect(page.locator(".opblock")).to_have_count(29, timeout=30_000)
    page.get_by_role("button", name="/api/v1/news/{slug}/").first.click()
    expect(page.locator(".opblock.is-open")).to_have_count(1)

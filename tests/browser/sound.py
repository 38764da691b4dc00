"""Checks that apply to every page, in every color scheme and window."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from playwright.sync_api import Page

from tests.browser.axe import COLORS, GRAVE, assert_accessible
from tests.browser.chromium import LOOKS, Look

# Django adds these fields after the page has loaded; select-names.js labels them later.
FIELDS_ARE_DRAWN: Final = (
    "document.querySelectorAll('select.admin-autocomplete').length =="
    " document.querySelectorAll('.select2-selection__rendered[aria-label]').length"
)


def assert_sound(
    page: Page,
    but: Collection[str] = (),
    looks: Iterable[Look] = LOOKS,
    impacts: Collection[str] = GRAVE,
) -> None:
    """Fail if axe finds violations of rules outside ``but``, or if the page is too wide.

    Dark pages differ only in colors; checking all rules again would double the time.
    """
    page.wait_for_function(FIELDS_ARE_DRAWN)
    for look in looks:
        look.put_on(page)
        only = COLORS if look.scheme == "dark" else ()
        assert_accessible(page, look, but, only, impacts)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= look.width, f"{page.url} {look}: {width} pixels wide"

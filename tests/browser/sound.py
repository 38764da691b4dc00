"""What every page must pass, in any of its looks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from playwright.sync_api import Page

from tests.browser.axe import COLORS, GRAVE, assert_accessible
from tests.browser.chromium import LOOKS, Look

# Django draws these fields after a page has loaded, and select-names.js names them then.
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
    """Fail for what axe finds on an open page but for the rules in ``but``, and if it is too wide.

    In the dark only colors are new; asking all rules again would double the time.
    """
    page.wait_for_function(FIELDS_ARE_DRAWN)
    for look in looks:
        look.put_on(page)
        only = COLORS if look.scheme == "dark" else ()
        assert_accessible(page, look, but, only, impacts)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= look.width, f"{page.url} {look}: {width} pixels wide"

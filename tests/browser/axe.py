"""The accessibility rules of axe-core, run on an open page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE: Final = frozenset({"serious", "critical"})
ANY: Final = frozenset({"minor", "moderate", *GRAVE})
OPTIONS: Final[dict[str, Any]] = {
    "resultTypes": ["violations"],
    # To test one rule about rotation, axe copies styles into a <style>, which the page's policy
    # forbids.
    "preload": False,
}


COLORS: Final = ("color-contrast", "link-in-text-block")
"""The rules that a color scheme can break."""


def violations(
    page: Page,
    but: Collection[str] = (),
    only: Collection[str] = (),
    impacts: Collection[str] = GRAVE,
) -> list[str]:
    """Return axe's findings on a page, by default serious and critical ones: rule, place and
    reason.

    Rules in ``but`` are ignored; with ``only``, no other rules are checked.

    The debugger injects the script, so pages keep their strict content security policy.
    """
    options = OPTIONS | ({"runOnly": list(only)} if only else {})
    found: list[dict[str, Any]] = Axe().run(page, options=options).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}) at {' '.join(map(str, node['target']))}: "
        + " ".join(node["failureSummary"].split())
        for violation in found
        if violation["impact"] in impacts and violation["id"] not in but
        for node in violation["nodes"]
    ]


def assert_accessible(
    page: Page,
    what: object = "",
    but: Collection[str] = (),
    only: Collection[str] = (),
    impacts: Collection[str] = GRAVE,
) -> None:
    """Fail if ``violations`` returns any; the message describes the page as ``what``."""
    found = violations(page, but, only, impacts)
    assert not found, f"{page.url} {what}:\n" + "\n".join(found)

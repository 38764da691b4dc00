"""The accessibility rules of axe-core, run on an open page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE: Final = {"serious", "critical"}
OPTIONS: Final[dict[str, Any]] = {
    "resultTypes": ["violations"],
    # Reads styles anew into a <style>, which the pages' policy forbids, for one rule about rotation.
    "preload": False,
}


COLORS: Final = ("color-contrast", "link-in-text-block")
"""The rules that a theme can break."""


def grave_violations(
    page: Page, but: Collection[str] = (), only: Collection[str] = ()
) -> list[str]:
    """Name what axe finds serious or critical on a page: the rule, the place and the reason.

    Rules in ``but`` may be broken; with ``only`` no other rules are asked.

    The script comes in through the debugger, which a content security policy does not bind: pages
    keep their strict one.
    """
    options = OPTIONS | ({"runOnly": list(only)} if only else {})
    violations: list[dict[str, Any]] = Axe().run(page, options=options).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}) at {' '.join(map(str, node['target']))}: "
        + " ".join(node["failureSummary"].split())
        for violation in violations
        if violation["impact"] in GRAVE and violation["id"] not in but
        for node in violation["nodes"]
    ]


def assert_accessible(
    page: Page, what: object = "", but: Collection[str] = (), only: Collection[str] = ()
) -> None:
    """Fail if axe finds anything serious or critical; ``what`` says how the page was looked at."""
    found = grave_violations(page, but, only)
    assert not found, f"{page.url} {what}:\n" + "\n".join(found)

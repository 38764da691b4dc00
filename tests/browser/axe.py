"""The accessibility rules of axe-core, run on an open page."""

from __future__ import annotations

from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE: Final = {"serious", "critical"}


def grave_violations(page: Page) -> list[str]:
    """Name what axe finds serious or critical on a page: the rule, the place and the reason.

    The script comes in through the debugger, which a content security policy does not bind: pages
    keep their strict one.
    """
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}) at {' '.join(map(str, node['target']))}: "
        + " ".join(node["failureSummary"].split())
        for violation in violations
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]


def assert_accessible(page: Page, what: object = "") -> None:
    """Fail if axe finds anything serious or critical; ``what`` says how the page was looked at."""
    found = grave_violations(page)
    assert not found, f"{page.url} {what}:\n" + "\n".join(found)

"""Find the policies that explain the most imported scores."""

from __future__ import annotations

from typing import Any

from articles import newsdesk
from articles.newsdesk import Fit
from newsroom.commands import ReportCommand


class Command(ReportCommand):
    help = (
        "Find the numbers of the publishing rule that explain the most scores of the imported "
        "documents. Nothing is changed: apply_policy applies them."
    )

    def handle(self, **options: Any) -> None:
        fit = newsdesk.fit_policy()
        self.report(options, fit.as_json, lambda: _as_text(fit))


def _as_text(fit: Fit) -> str:
    if not fit.scored:
        return "No document gives a score: there is nothing to fit."
    lines = [f"{fit.scored:,} documents give a score", f"current: {fit.current}"]
    lines += [f"best:    {one}" for one in fit.best]
    return "\n".join(lines)

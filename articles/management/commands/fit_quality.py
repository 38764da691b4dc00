"""Learn to suggest quality from the newsroom's scores."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from articles.suggestions import quality
from articles.suggestions.quality import Comparison
from newsroom.commands import ReportCommand


class Command(ReportCommand):
    help = (
        "Learn from the newsroom's scores how to suggest a quality, and compare it with the mean of "
        "the provider on the latest scores. Workers do this once a day. Suggestions are on only while "
        "they are better."
    )

    def handle(self, **options: Any) -> None:
        compared = quality.refit()
        self.report(
            options,
            lambda: asdict(compared) | {"is_on": compared.is_better},
            lambda: _as_text(compared),
        )


def _as_text(compared: Comparison) -> str:
    lines = [f"learned from {compared.learned:,} scores, tested on the latest {compared.tested:,}"]
    if compared.error is not None and compared.baseline_error is not None:
        lines += [
            f"suggested quality:    off by {compared.error:.1f} on average",
            f"mean of the provider: off by {compared.baseline_error:.1f} on average",
        ]
    state = "on" if compared.is_better else "off: there are too few scores, or it is not better"
    return "\n".join([*lines, f"suggestions of quality are {state}"])

"""The timeline of a story: its reports in chronological order, shortened if there are many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from articles.models import Article

MAX_STEPS: Final = 30
"""A timeline of up to this many reports is shown in full."""
LAST_STEPS: Final = 15
"""Reports shown at the end of a longer timeline."""


@dataclass(frozen=True, slots=True)
class Step:
    report: Article
    is_lead: bool
    skipped: int
    """Number of reports left out just before it."""


def steps(lead: Article, course: Sequence[Article]) -> list[Step]:
    """Return the steps to show: all if there are few, else the first, the lead and the last few."""
    shown: Sequence[int] = range(len(course))
    if len(course) > MAX_STEPS:
        begin = {0, next(place for place in shown if course[place].pk == lead.pk)}
        shown = sorted(begin.union(shown[-LAST_STEPS:]))
    before = [-1, *shown][:-1]
    return [
        Step(course[place], course[place].pk == lead.pk, place - previous - 1)
        for previous, place in zip(before, shown, strict=True)
    ]

"""What a page has loaded, put into the order in which readers look through it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar
from unicodedata import normalize

if TYPE_CHECKING:
    from articles.models import Article, Topic

_Named = TypeVar("_Named")

STEPS: Final = 30
"""A course of up to so many reports is shown whole."""
LAST_STEPS: Final = 15
"""Of a longer one, so many at its end."""
OTHERS: Final = "#"
"""Stands for the letter of what begins with none."""


@dataclass(frozen=True, slots=True)
class Step:
    """A report in the course of a story."""

    report: Article
    is_lead: bool
    skipped: int
    """Reports before it that are not shown."""


def steps(lead: Article, course: Sequence[Article]) -> list[Step]:
    """Return what is shown of a course: all, or how it began, the lead and how it goes on."""
    shown: Sequence[int] = range(len(course))
    if len(course) > STEPS:
        begin = {0, next(place for place in shown if course[place].pk == lead.pk)}
        shown = sorted(begin.union(shown[-LAST_STEPS:]))
    before = [-1, *shown][:-1]
    return [
        Step(course[place], course[place].pk == lead.pk, place - previous - 1)
        for previous, place in zip(before, shown, strict=True)
    ]


def frequent_topics(stories: Iterable[Article], most: int) -> list[Topic]:
    """Return the topics of these stories, the most frequent first; the stories have loaded them."""
    counts = Counter(link.topic for story in stories for link in story.topic_links.all())
    return sorted(counts, key=lambda topic: (-counts[topic], topic.name, topic.slug))[:most]


def by_letter(
    rows: Iterable[_Named], name: Callable[[_Named], str]
) -> list[tuple[str, list[_Named]]]:
    """Put rows under the first letters of their names, whatever the case and accents."""
    letters: dict[str, list[_Named]] = {}
    for row in sorted(rows, key=lambda row: _folded(name(row))):
        first = _folded(name(row))[:1].upper()
        letters.setdefault(first if first.isalpha() else OTHERS, []).append(row)
    return sorted(letters.items(), key=lambda item: (item[0] == OTHERS, item[0]))


def _folded(name: str) -> str:
    return normalize("NFKD", name.strip()).casefold()

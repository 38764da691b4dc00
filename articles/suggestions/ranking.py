"""How likely two articles report the same event, and why. No Django."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log, sqrt
from typing import Any, Final

from articles.suggestions.reports import Report, Weight

Reason = list[Any]
"""The code of a reason, and its values: data that can be stored."""

MOST_WORDS: Final = 5
"""How many shared words a reason names."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What two articles have in common, each from 0 to 1, except for the hours."""

    titles: float
    texts: float
    names: float
    hours: float
    """The logarithm of one more than the hours between them."""
    pictures: float


# Measured with bench/suggestions.py. Other weights are not better on articles that they were not
# fitted on.
WEIGHTS: Final = Likeness(titles=3, texts=3, names=1, hours=-0.3, pictures=1.5)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A report, and the weights of its words: of the headline, of all, and of its names."""

    report: Report
    headline: float
    words: float
    names: float


def weigh(report: Report, weight: Weight) -> Weighed:
    parts = (report.headline, report.words, report.names)
    return Weighed(report, *(_sum(words, weight) for words in parts))


def likeness(
    one: Weighed, other: Weighed, weight: Weight, rare_pictures: frozenset[str]
) -> Likeness:
    """Compare two reports. ``rare_pictures`` are the pictures that few articles share.

    Headlines and texts are compared by the weight of the words that they share, divided by the mean
    (the geometric one) of their weights. The usual cosine, with the squares of the weights, finds
    fewer links: see docs/suggestions.md. Names are compared by how much of the smaller set is shared.
    """
    a, b = one.report, other.report
    titles = _sum(a.headline & b.headline, weight)
    texts = _sum(a.words & b.words, weight)
    names = _sum(a.names & b.names, weight)
    return Likeness(
        titles / sqrt(one.headline * other.headline) if titles else 0.0,
        texts / sqrt(one.words * other.words) if texts else 0.0,
        names / min(one.names, other.names) if names else 0.0,
        log(1 + hours_between(a, b)),
        float(not rare_pictures.isdisjoint(a.pictures & b.pictures)),
    )


def score(found: Likeness, weights: Likeness = WEIGHTS) -> float:
    """Return how likely two articles report the same event; above 2 in most cases."""
    return (
        found.titles * weights.titles
        + found.texts * weights.texts
        + found.names * weights.names
        + found.hours * weights.hours
        + found.pictures * weights.pictures
    )


def reasons(
    one: Report, other: Report, weight: Weight, least: float, rare_pictures: frozenset[str]
) -> list[Reason]:
    """Return why two articles may report the same event: what an editor can check.

    Words that weigh less than ``least`` are not worth naming. They are spelled as in ``one``.
    """
    shared = {word for word in one.words & other.words if weight(word) >= least}
    names = _heaviest(shared & one.sure_names & other.names, weight)
    rest = _heaviest(shared.difference(names), weight)[: MOST_WORDS - len(names)]
    found: list[Reason] = []
    if names:
        found.append(["names", *one.spelled(names)])
    if rest:
        found.append(["words", *one.spelled(rest)])
    if not rare_pictures.isdisjoint(one.pictures & other.pictures):
        found.append(["picture"])
    found.append(["hours", round(hours_between(one, other), 1)])
    return found


def hours_between(one: Report, other: Report) -> float:
    return abs((one.at - other.at).total_seconds()) / 3600


def _sum(words: Iterable[str], weight: Weight) -> float:
    return sum(map(weight, words), 0.0)


def _heaviest(words: Iterable[str], weight: Weight) -> list[str]:
    return sorted(words, key=lambda word: (-weight(word), word))[:MOST_WORDS]

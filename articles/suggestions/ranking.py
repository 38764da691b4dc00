"""How likely two articles report the same event, and why. No Django."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
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


WEIGHTS: Final = Likeness(titles=3, texts=3, names=1, hours=-0.3, pictures=1.5)


def likeness(one: Report, other: Report, weight: Weight, rare_pictures: frozenset[str]) -> Likeness:
    """Compare two reports. ``rare_pictures`` are the pictures that few articles share."""
    return Likeness(
        cosine(one.headline, other.headline, weight),
        cosine(one.words, other.words, weight),
        overlap(one.names, other.names, weight),
        log(1 + hours_between(one, other)),
        float(not rare_pictures.isdisjoint(one.pictures & other.pictures)),
    )


def score(found: Likeness, weights: Likeness = WEIGHTS) -> float:
    parts = zip(astuple(found), astuple(weights), strict=True)
    return sum((value * weight for value, weight in parts), 0.0)


def reasons(
    one: Report, other: Report, weight: Weight, least: float, rare_pictures: frozenset[str]
) -> list[Reason]:
    """Return why two articles may report the same event: what an editor can check.

    Words that weigh less than ``least`` are not worth naming.
    """
    shared = {word for word in one.words & other.words if weight(word) >= least}
    names = _rarest(shared & one.names & other.names, weight)
    rest = _rarest(shared.difference(names), weight)[: MOST_WORDS - len(names)]
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


def cosine(one: frozenset[str], other: frozenset[str], weight: Weight) -> float:
    """Return the cosine of two sets of words, each word with its weight."""
    shared = one & other
    if not shared:
        return 0.0
    return _squares(shared, weight) / sqrt(_squares(one, weight) * _squares(other, weight))


def overlap(one: frozenset[str], other: frozenset[str], weight: Weight) -> float:
    """Return how much of the smaller set the other one contains, by weight."""
    shared = one & other
    if not shared:
        return 0.0
    return _sum(shared, weight) / min(_sum(one, weight), _sum(other, weight))


def _squares(words: Iterable[str], weight: Weight) -> float:
    return sum(weight(word) ** 2 for word in words)


def _sum(words: Iterable[str], weight: Weight) -> float:
    return sum(map(weight, words))


def _rarest(words: Iterable[str], weight: Weight) -> list[str]:
    """Return the words that say most."""
    return sorted(words, key=lambda word: (-weight(word), word))[:MOST_WORDS]

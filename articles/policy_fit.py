"""Find the policies that explain the most imported scores. Pure functions.

A policy explains a score if the rule produces exactly this heat and published
(``articles/scoring.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from heapq import nlargest
from itertools import accumulate, chain, pairwise
from typing import Any, Final, NamedTuple

from articles.scoring import Decision, Policy, outcome

MAX_NUMBER: Final = 1_000
"""The largest threshold, bonus or minimum, in heat points; the same as for a quality."""
MAX_BONUSES: Final = 20
"""How many bonuses to try; the ones that most scores suggest come first."""
EXPLAINS_ENOUGH: Final = 0.95
"""If the policy explains a smaller part of the given scores, an import suggests a better one."""
_ROUND: Final = (100, 50, 10, 5)


class Given(NamedTuple):
    """A score from a source, and what the rule needs to know about the related articles."""

    quality: int
    heat: int
    published: bool
    is_superseded: bool
    counted: int

    def is_explained(self, policy: Policy) -> bool:
        """Return whether the rule produces this heat and published."""
        by_rule = outcome(self.quality, Decision.NONE, self.is_superseded, self.counted, policy)
        return by_rule == (self.heat, self.published)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A policy, and how many scores it explains."""

    policy: Policy
    explained: int

    def as_json(self) -> dict[str, Any]:
        """Return the three numbers and the count."""
        return {**asdict(self.policy), "explained": self.explained}

    def __str__(self) -> str:
        numbers = ", ".join(f"{name} {number}" for name, number in asdict(self.policy).items())
        return f"{numbers} explains {self.explained:,}"


@dataclass(frozen=True, slots=True)
class Fit:
    """How many scores were given, and how many of them each policy explains; the best policy comes
    first.
    """

    scored: int
    current: Fitted
    best: list[Fitted]

    @property
    def is_poor(self) -> bool:
        """Return whether the current policy explains too few scores and another one explains
        more.
        """
        is_few = self.current.explained < EXPLAINS_ENOUGH * self.scored
        return is_few and self.best[0].explained > self.current.explained

    @property
    def advice(self) -> str:
        """Say which policy explains more, and how to try it."""
        best = self.best[0]
        options = " ".join(f"--{name} {number}" for name, number in asdict(best.policy).items())
        return (
            f"{self.current.explained:,} of {self.scored:,} scores of these documents follow the "
            f"publishing rule; {best} of them. To try these numbers: "
            f"manage.py apply_policy {options} --dry-run"
        )

    def as_json(self) -> dict[str, Any]:
        """Return the report of ``fit_policy --format json``."""
        best = [one.as_json() for one in self.best]
        return {"scored": self.scored, "current": self.current.as_json(), "best": best}


def fit(tally: Counter[Given], current: Policy) -> Fit:
    """Fit a policy to scores, each with how often it was given."""
    in_force = Fitted(current, explained(tally, current))
    return Fit(tally.total(), in_force, best_policies(tally, current) if tally else [])


def explained(tally: Counter[Given], policy: Policy) -> int:
    """Return how many scores a policy explains."""
    return sum(times for score, times in tally.items() if score.is_explained(policy))


def best_policies(tally: Counter[Given], current: Policy, count: int = 5) -> list[Fitted]:
    """Return the policies that explain the most scores, best first.

    If several policies explain the same scores, only one is returned: it keeps numbers of the
    current policy where possible, and otherwise uses round ones. Ties are sorted in the same way.
    """
    found = [
        fitted
        for bonus in _bonuses(tally, current)
        for fitted in _with_bonus(tally, bonus, current, count)
    ]
    found.sort(key=lambda one: (-one.explained, *_preference(one.policy, current)))
    return found[:count]


def _bonuses(tally: Counter[Given], current: Policy) -> list[int]:
    """Return the current bonus and those that scores suggest: (heat - quality) / related."""
    suggested: Counter[int] = Counter()
    for score, times in tally.items():
        over = score.heat - score.quality
        if score.counted and not score.is_superseded and over > 0 and not over % score.counted:
            suggested[over // score.counted] += times
    fitting = [bonus for bonus, _ in suggested.most_common(MAX_BONUSES) if bonus <= MAX_NUMBER]
    return list(dict.fromkeys([current.bonus, *fitting]))


def _with_bonus(tally: Counter[Given], bonus: int, current: Policy, most: int) -> list[Fitted]:
    """Return one policy for each range of minimum and threshold that explains the same scores.

    Leave out ranges that explain fewer scores than the best ``most``.

    Each score is explained in at most two rectangles of (minimum, threshold): below its quality,
    where it earns the bonus, and above it. Sums over a grid of their corners count them all.
    """
    minimums = _edges(score.quality + 1 for score in tally)
    thresholds = _edges(score.heat + 1 for score in tally)
    row_of = {edge: place for place, edge in enumerate(minimums)}
    column_of = {edge: place for place, edge in enumerate(thresholds)}
    grid = [[0] * len(thresholds) for _ in minimums]
    end = MAX_NUMBER + 1

    def count(first: int, last: int, times: int, score: Given) -> None:
        edge = min(max(score.heat + 1, 0), end)
        low, high = (0, edge) if score.published else (edge, end)
        for row, sign in ((row_of[first], times), (row_of[last], -times)):
            grid[row][column_of[low]] += sign
            grid[row][column_of[high]] -= sign

    for score, times in tally.items():
        earns = outcome(
            score.quality, Decision.NONE, score.is_superseded, score.counted, Policy(0, bonus, 0)
        )
        plain = outcome(score.quality, Decision.NONE, score.is_superseded, 0, Policy(0, bonus, 0))
        edge = min(score.quality + 1, end)
        if earns[0] == score.heat:
            count(0, edge, times, score)
        if plain[0] == score.heat:
            count(edge, end, times, score)
    totals = []
    above = [0] * len(thresholds)
    for row in grid[:-1]:
        above = [a + b for a, b in zip(above, accumulate(row), strict=True)]
        totals.append(above[:-1])
    least = min(nlargest(most, chain.from_iterable(totals)))
    return [
        Fitted(
            Policy(
                _roundest(low, high, current.threshold),
                bonus,
                _roundest(first, last, current.minimum),
            ),
            total,
        )
        for row, (first, last) in zip(totals, pairwise(minimums), strict=True)
        for total, (low, high) in zip(row, pairwise(thresholds), strict=True)
        if total >= least
    ]


def _edges(values: Iterable[int]) -> list[int]:
    """Return where the ranges of 0 to ``MAX_NUMBER`` begin, and where the last one ends."""
    end = MAX_NUMBER + 1
    return sorted({0, end, *(min(max(value, 0), end) for value in values)})


def _roundest(first: int, end: int, current: int) -> int:
    """Return a number from ``first`` up to but not including ``end``.

    Prefer the current number, then the roundest; among equally round numbers, prefer the one
    nearest to the current.
    """
    if first <= current < end:
        return current
    for step in (*_ROUND, 1):
        lowest = -(-first // step) * step
        highest = (end - 1) // step * step
        if lowest <= highest:
            nearest = round(current / step) * step
            return min(max(nearest, lowest), highest)
    raise ValueError(f"no number from {first} to before {end}")


def _preference(policy: Policy, current: Policy) -> tuple[int, int]:
    """Return a sort key: unchanged numbers first, then rounder ones, then nearer ones."""
    pairs = list(zip(asdict(policy).values(), asdict(current).values(), strict=True))
    return (
        sum(_roughness(number) for number, now in pairs if number != now),
        sum(abs(number - now) for number, now in pairs),
    )


def _roughness(number: int) -> int:
    """Return 1 for multiples of 100, 2 for those of 50, and so on."""
    steps = (place for place, step in enumerate(_ROUND, start=1) if not number % step)
    return next(steps, len(_ROUND) + 1)

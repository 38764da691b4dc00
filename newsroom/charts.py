"""Bar charts as numbers: what is drawn where. Pure; templates make SVG of it.

Units are those of the drawing, which is ``WIDTH`` by ``HEIGHT`` and scales with the page; the
origin is its upper left corner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Final

WIDTH: Final = 420
HEIGHT: Final = 200
LEFT: Final = 40
"""Room for the numbers of the scale."""
RIGHT: Final = 18
"""Room for half of the last label."""
TOP: Final = 12
BOTTOM: Final = HEIGHT - 34
"""The base line; what labels need is below it."""
SHARE: Final = 0.8
"""How much of its place a bar fills."""

HEAT_STEP: Final = 10
"""Heat points a bar of the distribution."""
HEAT_TOP: Final = 150
"""From here on one bar takes all."""
HEAT_KINDS: Final = (
    ("unscored", "not scored"),
    ("superseded", "superseded"),
    ("below", "below the threshold"),
    ("over", "at the threshold or over it"),
)


@dataclass(frozen=True, slots=True)
class Amount:
    """One bar's number: ``label`` for the table, ``tick`` (or nothing) to stand below the bar."""

    label: str
    count: int
    tick: str = ""
    kind: str = ""
    """Sets bars apart, as a class of the style sheet."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle that stands on the base line."""

    amount: Amount
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Where its label is centered."""
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True, slots=True)
class Line:
    """A line across the drawing, with what it stands for."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that is drawn."""

    bars: tuple[Bar, ...]
    scale: tuple[Line, ...]
    """Horizontal lines, ``at`` their height, from the base line up."""
    marks: tuple[Line, ...] = ()
    """Vertical lines, such as a threshold."""
    kinds: tuple[tuple[str, str], ...] = ()
    """What sets the bars apart: each kind and its name, for a legend."""

    width = WIDTH
    height = HEIGHT
    left = LEFT
    right = WIDTH - RIGHT
    top = TOP
    bottom = BOTTOM

    @property
    def amounts(self) -> list[Amount]:
        """The numbers themselves."""
        return [bar.amount for bar in self.bars]

    @property
    def total(self) -> int:
        """The sum of the bars."""
        return sum(amount.count for amount in self.amounts)

    @property
    def highest(self) -> Amount | None:
        """The highest bar's number; the first of several."""
        return max(self.amounts, key=lambda amount: amount.count, default=None)

    @property
    def is_empty(self) -> bool:
        """Whether no bar has any height."""
        return self.total == 0


def bar_chart(
    amounts: Sequence[Amount],
    marks: Iterable[tuple[float, str]] = (),
    kinds: Iterable[tuple[str, str]] = (),
) -> Chart:
    """Lay out bars from left to right, each with the same place.

    ``marks`` are vertical lines, told in bars from the left: 2.5 is through the middle of the third.
    """
    place = (WIDTH - LEFT - RIGHT) / max(len(amounts), 1)
    top = ceiling(max((amount.count for amount in amounts), default=0))
    per_count = (BOTTOM - TOP) / top
    bars = tuple(
        Bar(
            amount,
            x=round(LEFT + (index + (1 - SHARE) / 2) * place, 2),
            y=round(BOTTOM - amount.count * per_count, 2),
            width=round(SHARE * place, 2),
            height=round(amount.count * per_count, 2),
        )
        for index, amount in enumerate(amounts)
    )
    steps = (0, top // 2, top) if top > 1 else (0, top)
    scale = tuple(Line(round(BOTTOM - step * per_count, 2), f"{step:,}") for step in steps)
    lines = tuple(Line(round(LEFT + position * place, 2), label) for position, label in marks)
    return Chart(bars, scale, lines, tuple(kinds))


def ceiling(count: int) -> int:
    """Return the round number that a scale up to ``count`` ends at; its half is round, too."""
    if count <= 1:
        return 1
    power: int = 10 ** floor(log10(count))
    return next(factor * power for factor in (1, 2, 4, 6, 8, 10) if factor * power >= count)


def heat_chart(counts: Mapping[int | None, int], threshold: int) -> Chart:
    """Draw how many articles have which heat; ``None`` are not scored, below 0 is superseded.

    Those two stand apart on the left. The threshold is drawn where it is, inside a bar if need be;
    such a bar counts as over it.
    """
    unscored = counts.get(None, 0)
    superseded = sum(n for heat, n in counts.items() if heat is not None and heat < 0)
    bins = [0] * (HEAT_TOP // HEAT_STEP + 1)
    for heat, count in counts.items():
        if heat is not None and heat >= 0:
            bins[min(heat, HEAT_TOP) // HEAT_STEP] += count
    amounts = [
        Amount("not scored", unscored, kind="unscored"),
        Amount("superseded", superseded, kind="superseded"),
    ]
    for index, count in enumerate(bins):
        low = index * HEAT_STEP
        label = f"{low}+" if low == HEAT_TOP else f"{low} to {low + HEAT_STEP - 1}"
        tick = label if low == HEAT_TOP else str(low) if low % 50 == 0 else ""
        kind = "below" if low + HEAT_STEP <= threshold else "over"
        amounts.append(Amount(label, count, tick, kind))
    mark = 2 + min(max(threshold, 0) / HEAT_STEP, len(bins))
    return bar_chart(amounts, [(mark, f"threshold {threshold}")], HEAT_KINDS)

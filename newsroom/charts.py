"""Layout of bar charts, which templates draw as SVG. Pure.

Coordinates have their origin at the top left of a drawing of ``WIDTH`` by ``HEIGHT``, which scales
with the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Final

WIDTH: Final = 420
HEIGHT: Final = 200
LEFT: Final = 40
"""Space for the numbers of the scale."""
RIGHT: Final = 18
"""Space for half of the last label."""
TOP: Final = 12
BOTTOM: Final = HEIGHT - 34
"""The base line, with space for labels below."""
SHARE: Final = 0.8
"""The part of its slot that a bar fills."""

HEAT_STEP: Final = 10
"""Heat points in a bar of the distribution."""
HEAT_TOP: Final = 150
"""The last bar counts this heat and more."""
HEAT_KINDS: Final = (
    ("unscored", "not scored"),
    ("superseded", "superseded"),
    ("below", "below the threshold"),
    ("over", "at the threshold or over it"),
)


@dataclass(frozen=True, slots=True)
class Amount:
    """The count of a bar, with its label in the table and its label below the bar (``tick``)."""

    label: str
    count: int
    tick: str = ""
    kind: str = ""
    """CSS class of the bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    amount: Amount
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True, slots=True)
class Line:
    """A line across the drawing with a label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: tuple[Bar, ...]
    scale: tuple[Line, ...]
    """Horizontal lines from the base line up; ``at`` is y."""
    marks: tuple[Line, ...] = ()
    """Vertical lines, for example a threshold; ``at`` is x."""
    kinds: tuple[tuple[str, str], ...] = ()
    """Kinds of bars and their names, for the legend."""

    width = WIDTH
    height = HEIGHT
    left = LEFT
    right = WIDTH - RIGHT
    top = TOP
    bottom = BOTTOM

    @property
    def amounts(self) -> list[Amount]:
        return [bar.amount for bar in self.bars]

    @property
    def total(self) -> int:
        return sum(amount.count for amount in self.amounts)

    @property
    def highest(self) -> Amount | None:
        """The highest bar, or the first of several equally high ones."""
        return max(self.amounts, key=lambda amount: amount.count, default=None)


def bar_chart(
    amounts: Sequence[Amount],
    marks: Iterable[tuple[float, str]] = (),
    kinds: Iterable[tuple[str, str]] = (),
) -> Chart:
    """Lay out bars from left to right in slots of equal width.

    ``marks`` are vertical lines, positioned in bars: 2.5 is the middle of the third bar.
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
    """Return the round number at the top of a scale for ``count``; its half is also round."""
    if count <= 1:
        return 1
    power: int = 10 ** floor(log10(count))
    return next(factor * power for factor in (1, 2, 4, 6, 8, 10) if factor * power >= count)


def heat_chart(counts: Mapping[int | None, int], threshold: int) -> Chart:
    """Lay out the number of articles by heat. ``None`` is unscored, below 0 is behind a lead.

    These two come first. The threshold is a line at its exact place; a bar that it crosses counts as
    over it.
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

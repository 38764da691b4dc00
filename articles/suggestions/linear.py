"""Ridge regression with a record for each group, in plain Python. Pure functions.

A value is explained as the record of its group (the provider), plus a weight for each fact by which
it differs from what is usual in the group. The record of a group with few values is drawn toward
what is usual, and weights are drawn toward 0, so that little data teaches little.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Final, NamedTuple

DRAWN: Final = 0.3
"""How many values of the usual group each group starts with."""
PENALTY: Final = 3.0
"""How strongly weights are drawn toward 0: as if a fact of size 1 were seen this often in vain."""

Facts = Mapping[str, float]
"""Names of facts and their sizes, about 0 to 1. Facts that are left out are 0."""


class Example(NamedTuple):
    """A value to learn from."""

    group: Hashable
    facts: Facts
    value: float


class Record(NamedTuple):
    """The values and facts that are usual in a group."""

    seen: int
    """How many values."""
    value: float
    facts: Facts


@dataclass(frozen=True, slots=True)
class Model:
    """What was learned. ``usual`` is the record of groups that have none."""

    weights: Mapping[str, float]
    usual: Record
    records: Mapping[Hashable, Record] = field(default_factory=dict)

    def value(self, group: Hashable, facts: Facts) -> float:
        """Return what to expect."""
        record = self.records.get(group, self.usual)
        return record.value + sum(effects(self.weights, record, facts).values())

    def error(self, examples: Sequence[Example], least: float, most: float) -> float:
        """Return the mean absolute error, if values outside ``least`` to ``most`` are cut."""
        errors = (
            abs(min(max(self.value(one.group, one.facts), least), most) - one.value)
            for one in examples
        )
        return sum(errors) / len(examples)


def effects(weights: Mapping[str, float], record: Record, facts: Facts) -> dict[str, float]:
    """Return by how much each fact raises the value above the record's."""
    return {
        name: weight * (facts.get(name, 0.0) - record.facts.get(name, 0.0))
        for name, weight in weights.items()
    }


def means(examples: Iterable[Example]) -> Model:
    """Return the model that knows only the mean of each group, and of all for other groups."""
    values: dict[Hashable, list[float]] = {}
    for one in examples:
        values.setdefault(one.group, []).append(one.value)
    every = [value for some in values.values() for value in some]
    records = {group: Record(len(some), fmean(some), {}) for group, some in values.items()}
    return Model({}, Record(len(every), fmean(every) if every else 0.0, {}), records)


def learn(
    examples: Iterable[Example],
    names: Sequence[str],
    *,
    drawn: float = DRAWN,
    penalty: float = PENALTY,
) -> Model:
    """Return the model with the least squares of errors. Facts not in ``names`` are ignored.

    This is the sum of all products of facts, less what the records of the groups explain, so it takes
    one pass. The first column is 1, the last is the value.
    """
    place = {name: number for number, name in enumerate(names, 1)}
    width = len(names) + 2
    products = [[0.0] * width for _ in range(width)]
    sums: dict[Hashable, list[float]] = {}
    for example in examples:
        row = _row(example, place)
        total = sums.setdefault(example.group, [0.0] * width)
        for column, size in enumerate(row):
            total[column] += size
        _add_products(products, row)
    if not sums:
        return Model({}, Record(0, 0.0, {}))
    for total in sums.values():
        _add_products(products, total, -1 / (total[0] + drawn))
    for column in place.values():
        products[column][column] += penalty
    *lines, _ = products
    _, *weights = solve([line[:-1] for line in lines], [line[-1] for line in lines])

    # Each group counts about once here, so that one with many values does not decide what is usual.
    shares = {group: 1 / (total[0] + drawn) for group, total in sums.items()}
    whole = sum(shares[group] * total[0] for group, total in sums.items())
    usual = [
        sum(shares[group] * total[column] for group, total in sums.items()) / whole
        for column in range(width)
    ]
    records = {
        group: _record(
            int(total[0]),
            [(size + drawn * its) * shares[group] for size, its in zip(total, usual, strict=True)],
            names,
        )
        for group, total in sums.items()
    }
    count = sum(record.seen for record in records.values())
    return Model(dict(zip(names, weights, strict=True)), _record(count, usual, names), records)


def _record(count: int, row: Sequence[float], names: Sequence[str]) -> Record:
    return Record(count, row[-1], dict(zip(names, row[1:-1], strict=True)))


def solve(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Return the solution of linear equations with a symmetric, positive definite matrix."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for pivot, row in enumerate(rows):
        for other in rows[pivot + 1 :]:
            if factor := other[pivot] / row[pivot]:
                for column in range(pivot, len(other)):
                    other[column] -= factor * row[column]
    solution = [0.0] * len(rows)
    for pivot in reversed(range(len(rows))):
        row = rows[pivot]
        known = sum(row[column] * solution[column] for column in range(pivot + 1, len(rows)))
        solution[pivot] = (row[-1] - known) / row[pivot]
    return solution


def _row(example: Example, place: Mapping[str, int]) -> list[float]:
    row = [0.0] * (len(place) + 2)
    row[0] = 1.0
    for name, size in example.facts.items():
        if name in place:
            row[place[name]] = size
    row[-1] = example.value
    return row


def _add_products(products: list[list[float]], row: Sequence[float], factor: float = 1.0) -> None:
    """Add the products of all pairs of columns. Most facts are 0, so it skips those."""
    there = [(column, size) for column, size in enumerate(row) if size]
    for column, size in there:
        line, scaled = products[column], factor * size
        for other, its in there:
            line[other] += scaled * its

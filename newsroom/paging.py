"""Paging by key: a page costs the same however far down it is, and nothing is skipped or repeated
while other rows arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

_Row = TypeVar("_Row")
_Model = TypeVar("_Model", bound=Model)


class CursorError(ValueError):
    """A cursor that no page of this order returned."""


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list: by one column, and among equals by a key, which always goes up."""

    column: str
    key: str
    is_descending: bool
    write: Callable[[Any], str] = str
    read: Callable[[str], Any] = str
    """Raise ValueError or OverflowError for text that ``write`` did not return."""
    read_key: Callable[[str], Any] = str
    """Like ``read``, for a key that is not text."""

    @property
    def names(self) -> tuple[str, str]:
        return f"{'-' if self.is_descending else ''}{self.column}", self.key

    def after(self, value: Any, key: Any) -> Q:
        """Return the condition of the rows that come after a place."""
        return self._beyond("lt" if self.is_descending else "gt", value, ("gt", key))

    def before(self, value: Any, key: Any) -> Q:
        """Return the condition of the rows that come before a place."""
        return self._beyond("gt" if self.is_descending else "lt", value, ("lt", key))

    def _beyond(self, beyond: str, value: Any, tied: tuple[str, Any]) -> Q:
        further, (side, key) = f"{self.column}__{beyond}", tied
        # The second condition is implied by the first, but lets an index find the place.
        return Q(
            Q((further, value)) | Q((self.column, value), (f"{self.key}__{side}", key)),
            (f"{further}e", value),
        )

    def place(self, row: Any) -> tuple[Any, Any]:
        """Return the values of column and key that give a row its place."""
        return getattr(row, self.column), getattr(row, self.key)

    def cursor(self, last: Any) -> str:
        """Return the cursor of the page after the row ``last``."""
        value, key = self.place(last)
        return f"{self.write(value)},{key}"

    def behind(self, cursor: str) -> Q:
        """Return the condition of the rows that come after a cursor; raises ``CursorError``."""
        return self.after(*self.place_of(cursor))

    def place_of(self, cursor: str) -> tuple[Any, Any]:
        """Return the place that a cursor names; raises ``CursorError``."""
        text, comma, key = cursor.rpartition(",")
        try:
            value, after = self.read(text), self.read_key(key)
        except (ValueError, OverflowError) as error:
            raise CursorError(cursor) from error
        if not comma or not key or "\0" in cursor:
            raise CursorError(cursor)
        return value, after


@dataclass(frozen=True, slots=True)
class Page(Generic[_Row]):
    """Rows of a list, and the cursor of the next page; blank on the last one."""

    rows: list[_Row]
    next: str


def page_of(rows: QuerySet[Any, _Row], order: Order, cursor: str, size: int) -> Page[_Row]:
    """Return the page after ``cursor``, or the first one if it is blank. One query.

    Raise ``CursorError`` for a cursor that no page of this order returned.
    """
    rows = rows.order_by(*order.names)
    if cursor:
        rows = rows.filter(order.behind(cursor))
    # One row more than the page shows whether there is a next one.
    return page_from(list(rows[: size + 1]), order, size)


def page_from(found: list[_Row], order: Order, size: int) -> Page[_Row]:
    """Return a page of rows that were found with the one after it, if there is one."""
    following = order.cursor(found[size - 1]) if len(found) > size else ""
    return Page(found[:size], following)


def chunks(rows: QuerySet[_Model], size: int, order: Order | None = None) -> Iterator[list[_Model]]:
    """Yield all rows in lists of ``size``, by primary key or in another order.

    Runs one query per list. Use this for long walks: with a query left open, SQLite could not
    write after another process had written.
    """
    rest = rows = rows.order_by(*(order.names if order else ["pk"]))
    while chunk := list(rest[:size]):
        yield chunk
        last = chunk[-1]
        rest = rows.filter(order.after(*order.place(last)) if order else Q(pk__gt=last.pk))


def read_moment(text: str) -> datetime:
    """Read a moment that ``iso`` wrote; raises ValueError or OverflowError."""
    moment = datetime.fromisoformat(text)
    # Without an offset its zone is unknown; near year 1 or 9999 it overflows.
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)


def read_number(text: str) -> float:
    """Read a finite number; raises ValueError."""
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number

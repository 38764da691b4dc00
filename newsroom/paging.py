"""Pages of a list by key: they cost the same however far down, and nothing is skipped or repeated
while other articles arrive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

_Row = TypeVar("_Row", bound=Model)


class CursorError(ValueError):
    """A cursor that this order did not give."""


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is ordered: by one column, and where that is equal, by a key."""

    column: str
    key: str
    is_descending: bool
    write: Callable[[Any], str]
    read: Callable[[str], Any]
    """Raises ValueError or OverflowError for what ``write`` did not give."""
    read_key: Callable[[str], Any] = str
    """As ``read``, for the key where that is no text."""

    @property
    def names(self) -> tuple[str, str]:
        """What ``order_by`` takes."""
        return f"{'-' if self.is_descending else ''}{self.column}", self.key

    def cursor(self, last: Any) -> str:
        """Return the cursor of what comes behind ``last``."""
        return f"{self.write(getattr(last, self.column))},{getattr(last, self.key)}"

    def behind(self, cursor: str) -> Q:
        """Return the condition of what comes behind; raises ``CursorError``."""
        text, comma, key = cursor.rpartition(",")
        try:
            value, after = self.read(text), self.read_key(key)
        except (ValueError, OverflowError) as error:
            raise CursorError(cursor) from error
        if not comma or not key or "\0" in cursor:
            raise CursorError(cursor)
        further = f"{self.column}__{'lt' if self.is_descending else 'gt'}"
        # The second condition is implied by the first, but lets an index find the place.
        return Q(
            Q((further, value)) | Q((self.column, value), (f"{self.key}__gt", after)),
            (f"{further}e", value),
        )


@dataclass(frozen=True, slots=True)
class Page(Generic[_Row]):
    """Rows of a list, and the cursor of the next page; nothing where there is none."""

    rows: list[_Row]
    next: str


def page_of(rows: QuerySet[_Row], order: Order, cursor: str, size: int) -> Page[_Row]:
    """Return the page behind ``cursor``, or the first one where that is blank. One query.

    Raises ``CursorError`` for a cursor that no page of this order gave.
    """
    rows = rows.order_by(*order.names)
    if cursor:
        rows = rows.filter(order.behind(cursor))
    # One more than is shown tells whether there is another page.
    found = list(rows[: size + 1])
    following = order.cursor(found[size - 1]) if len(found) > size else ""
    return Page(found[:size], following)


def _write_moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).isoformat().removesuffix('+00:00')}Z"


def _read_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    # Without an offset it would be somebody else's time; near year 1 or 9999 it overflows.
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)


def _read_number(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number


LATEST: Final = Order("published_at", "slug", True, _write_moment, _read_moment)
FILED: Final = Order("filed_at", "slug", True, _write_moment, _read_moment)
"""As latest, of what ``ArticleQuerySet.of_topic`` gives."""
TOP: Final = Order("top_rank", "slug", True, repr, _read_number)
TOPICS: Final = Order("name", "slug", False, str, str)
PROVIDERS: Final = Order("name", "domain", False, str, str)

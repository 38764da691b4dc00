"""The first pages of Top and Latest, which most readers open.

Every write begins another edition, but few change these pages. One query tells whether a stored page
is still current: its stories, their order, and the number of each one's last change.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Final, NamedTuple

from articles.models import Article
from articles.models.orders import LATEST, TOP
from articles.site.stories import Row, Story, last_change, rows
from newsroom.paging import Order
from newsroom.prepared import Prepared

PAGE_SIZE: Final = 25
"""Stories on a page of a list."""
_ORDERS: Final = (TOP, LATEST)
_CHANGE: Final = ["pk", "top_rank", "last_change"]
"""The columns that tell whether a page is current."""


class Shown(NamedTuple):
    """What a stored page shows."""

    order: str
    """The column by which its stories are sorted."""
    stories: bytes
    """A digest of the stories, their order and their last changes. Blank if one is not known."""
    until: datetime | None
    """When a schedule or date next changes the coverage of one, or None."""


def _rows(order: Order) -> Prepared:
    # One more than a page, to find out whether there is a next one.
    return Prepared(
        lambda at, _: rows(Article.objects.published(at)).order_by(*order.names)[: PAGE_SIZE + 1]
    )


def _changes(order: Order) -> Prepared:
    return Prepared(
        lambda at, _: (
            Article.objects.published(at)
            .annotate(last_change=last_change())
            .order_by(*order.names)
            .values_list(*_CHANGE)[: PAGE_SIZE + 1]
        )
    )


_ROWS: Final = {order.column: _rows(order) for order in _ORDERS}
_CHANGES: Final = {order.column: _changes(order) for order in _ORDERS}


def first_rows(order: Order, at: datetime) -> list[Row]:
    """Return the rows of the first page at ``at``, and of the story after it. One query."""
    return list(map(Row._make, _ROWS[order.column].rows(at)))


def shown(order: Order, found: Iterable[Row], stories: Iterable[Story]) -> Shown:
    """Return what a page of these rows shows."""
    changes = list(map(attrgetter(*_CHANGE), found))
    times = [story.until for story in stories if story.until]
    return Shown(order.column, _digest(changes), min(times, default=None))


def is_current(page: Shown, at: datetime) -> bool:
    """Return whether a page made earlier shows the same as one made at ``at``. One query."""
    if page.until is not None and page.until <= at:
        return False
    return page.stories == _digest(_CHANGES[page.order].rows(at)) != b""


def _digest(changes: list[tuple[Any, ...]]) -> bytes:
    if not all(last_change for *_, last_change in changes):
        return b""
    return blake2b(repr(changes).encode(), digest_size=16).digest()

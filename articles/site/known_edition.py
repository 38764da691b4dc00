"""The edition that this process knows, so that most requests need no query.

After a write elsewhere, a process serves the former edition for up to ``EDITION_SECONDS``. If the
database fails, it serves the one it knows for up to ``STALE_SECONDS``.
"""

from __future__ import annotations

from time import monotonic
from typing import Final, NamedTuple

from django.conf import settings
from django.db import connection

from articles.tracking import editions
from articles.tracking.editions import Edition
from newsroom.errors import UNAVAILABLE

_RETRY: Final = 1.0
"""Seconds before a failed database is queried again, because a connection may take long to fail."""


class _Known(NamedTuple):
    edition: Edition | None
    at: float
    """When it was queried, by the monotonic clock, in seconds."""
    failed_at: float = float("-inf")
    """When the last query for the current edition failed."""


_known: _Known | None = None


def current() -> Edition | None:
    """Return the current edition; None before the first write. At most one query.

    Raise ``OperationalError`` or ``InterfaceError`` if the database fails and has failed for longer
    than ``STALE_SECONDS``.
    """
    global _known
    known, now = _known, monotonic()
    if known and now - known.at < settings.EDITION_SECONDS:
        return known.edition
    is_usable = known is not None and now - known.at < settings.STALE_SECONDS
    if known and is_usable and now - known.failed_at < _RETRY:
        return known.edition
    try:
        edition = _ask()
    except UNAVAILABLE:
        if known and is_usable:
            _known = known._replace(failed_at=monotonic())
            return known.edition
        raise
    _known = _Known(edition, now)
    return edition


def forget() -> None:
    """Query the database at the next request, because this process may have written."""
    global _known
    if _known:
        # Keep it in case the database fails.
        _known = _known._replace(at=min(_known.at, monotonic() - settings.EDITION_SECONDS))


def is_outdated() -> bool:
    """Return whether the database has failed since ``current()`` last read the edition."""
    return _known is not None and _known.failed_at > _known.at


def _ask() -> Edition | None:
    """Query the edition in one round trip.

    The query also tests a persistent connection, so Django need not test it first.
    """
    if connection.in_atomic_block:
        return editions.current()
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return editions.current()
    except UNAVAILABLE:
        # The server was restarted or closed an idle connection.
        connection.close()
        return editions.current()

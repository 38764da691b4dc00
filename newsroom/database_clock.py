"""The clock of the database, which all machines of a site share."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic
from typing import Final, NamedTuple

from django.db import connection
from django.utils import timezone

ASK_EVERY: Final = 60.0
"""Seconds after which a process asks the database for the time again."""
_STEP: Final = timedelta(seconds=1)
"""A clock of this machine that has jumped by more was set, or the machine slept."""


class _Answer(NamedTuple):
    theirs: datetime
    ours: datetime
    elapsed: float
    """The monotonic clock, in seconds."""


_last: _Answer | None = None


def now() -> datetime:
    """Return the time by which articles come into sight, the same on all machines.

    SQLite has no clock of its own, so this is ours. With PostgreSQL it is the time that the
    database told this process last, plus what has passed since then: one query a minute.
    """
    global _last
    if connection.vendor != "postgresql":
        return timezone.now()
    ours, elapsed = timezone.now(), monotonic()
    if _last is not None:
        passed = timedelta(seconds=elapsed - _last.elapsed)
        if passed.total_seconds() < ASK_EVERY and abs(ours - _last.ours - passed) < _STEP:
            return _last.theirs + passed
    _last = _Answer(ask(), ours, elapsed)
    return _last.theirs


def ask() -> datetime:
    """Return the time of the database. One query; none with SQLite, which uses our own clock."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        # Not now(), which is the time at which the transaction began.
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found


def offset() -> timedelta:
    """Return how far the clock of this machine is ahead of that of the database."""
    before = timezone.now()
    theirs = ask()
    after = timezone.now()
    return before + (after - before) / 2 - theirs

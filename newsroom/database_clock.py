"""The clock of the database, which all machines of a site share."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone


def now() -> datetime:
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
    theirs = now()
    after = timezone.now()
    return before + (after - before) / 2 - theirs

"""Note the changes of many writes at once, instead of row by row.

Triggers (``articles/migrations/frozen/triggers.py``) begin an edition, write the change feed and,
on SQLite, the search index. They take most of the time of a large write. Within ``in_sets()`` they
only record which articles are concerned; at its end a few statements do their work for all of them.
This is in one transaction, so others see the writes together with their notes, or neither.
Temporary values, such as a slug while two articles swap theirs, are never noted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection, transaction

from articles.tracking import postgresql_sets, sqlite_sets

FEWEST: Final = 50
"""Triggers handle fewer rows than this, because preparing a set takes as long."""


@contextmanager
def in_sets(rows: int) -> Iterator[None]:
    """Note everything that a block writes, at its end. ``rows`` is roughly the number of articles.

    Needs the write lock (``newsroom.bulk.hold_write_lock``). May be nested; the outermost counts.
    """
    # A failed block reverts its changes to the triggers, even if the caller catches the error.
    with transaction.atomic():
        database = postgresql_sets if connection.vendor == "postgresql" else sqlite_sets
        # Not Django's cursor, which takes as long as all these short statements.
        execute = connection.connection.execute
        if rows < FEWEST or database.is_open(execute):
            yield
            return
        with connection.wrap_database_errors:
            begun = database.begin(execute)
        yield
        with connection.wrap_database_errors:
            database.end(execute, begun)

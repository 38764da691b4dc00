"""Editions: every change to what pages show begins a new one.

An edition has a unique token. Triggers (``articles/migrations/frozen/triggers.py``) change it in the
same transaction as the rows, so no writer can forget it, and a rollback undoes the change. A page
cached under an edition (``articles/site/page_cache.py``) is therefore never stale. This module
refers to tables by name and imports no models.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

from django.db import connection

from articles.scoring import GRACE, opens_at
from newsroom import database_clock

TABLE: Final = "articles_edition"


class Edition(NamedTuple):
    """An edition of the newsroom."""

    token: str
    """A unique token. It also changes when its time brings an article into sight or out of it."""
    begun_at: datetime


def current(at: datetime | None = None) -> Edition | None:
    """Return the edition at ``at``; None before the first write. One query."""
    at = at or database_clock.now()
    moment = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        # Each subquery reads one entry of an index.
        cursor.execute(
            "SELECT token, begun_at,"
            " (SELECT MAX(publish_from) FROM articles_article WHERE publish_from <= %s),"
            " (SELECT MAX(publish_until) FROM articles_article WHERE publish_until <= %s),"
            " (SELECT MAX(published_at) FROM articles_article WHERE published_at <= %s)"
            f" FROM {TABLE}",
            [moment, moment, connection.ops.adapt_datetimefield_value(at + GRACE)],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    _token, *moments, dated = row
    begun = [aware(moment) for moment in moments if moment]
    if dated:
        begun.append(opens_at(aware(dated), None))
    return Edition(" ".join(map(str, row)), max(begun))


def aware(value: datetime | str) -> datetime:
    """Return a time from a cursor with its time zone. SQLite stores UTC without an offset."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

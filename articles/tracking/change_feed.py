"""The change feed: the articles that changed for readers, each once, in a reliable order.

A follower (``/api/v1/news/?updatedSince=``) keeps a copy of what is published. It must learn about
every article that was added, changed or removed.

**Recording changes.** Triggers (``articles/migrations/frozen/triggers.py``) record changes.
``articles_change`` has a row for each article that is or was published, with the number of its last
change. An article changes with its own visible columns, its topics, images (and their copies) and
coverage, the visible columns of linked reports, and the names of its topics and provider. Columns
that readers do not see (notes, versions) do not count.

**Order.** Changes are not ordered by time: a transaction with an earlier time may be committed
later, and a follower that asked in between would miss it. Instead, each change gets a number while
the row of the edition is locked. Every write to what readers see holds that lock until it is
committed, so numbers become visible in order. (SQLite has only one writer at a time anyway.) Each
article has one row, whose number only grows, so a follower reads only its latest change, and only
once.

**Changes without a write.** Embargoes end and articles expire without a write. The times of these
changes come from the schedules, so a follower's place has two parts: the number of the last change
and the last scheduled time. Setting a schedule in the past is a write like any other.

**Slugs that may be revealed.** Followers learn the slug of a removed article only if readers ever
saw the article, which ``shown`` records. It is set if the article is public before or after a
write. If the article was public only between two writes, the second one sets it, because it finds
that the schedule has begun.

**When an article last changed for readers.** ``changed_at`` is what feeds, sitemaps and structured
data call updated. It moves if something else than before is on the article's page or in its feed
entry, after readers have seen the article: its own texts, times, provider and topics, its images,
and what its story lists. Heat and categories are not on pages. Appearing, also again, changes
nothing. It is empty until the first change, so that an imported archive keeps its own times. Unlike
the numbers, it says nothing about order.

Triggers use the database's clock and ``since()`` the program's; the two must roughly agree, as
everywhere in the newsroom. This module refers to tables by name and imports no models.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from django.db import connection

from articles.tracking.editions import aware

TABLE: Final = "articles_change"


class Event(NamedTuple):
    """A change that a follower may need to know about."""

    slug: str
    may_be_named: bool
    """Whether readers ever saw the article, so that its removal may be reported."""
    at: datetime


class Place(NamedTuple):
    """How far a follower has read."""

    sequence: int
    moment: datetime
    """The last scheduled time that the follower has read; ``slug`` is the article of that time."""
    slug: str


class Changes(NamedTuple):
    """The next changes for a follower and its place after them."""

    events: list[Event]
    place: Place
    has_more: bool


class UnknownPlaceError(ValueError):
    """A place beyond the last change, for example from before a backup was restored."""


_PASSED: Final = """
    SELECT {0} AS moment, slug, 1 AS own FROM articles_article
    WHERE published AND {0} >= %(moment)s AND {0} <= %(at)s
    UNION ALL
    SELECT report.{0}, lead.slug, 0 FROM articles_article AS report
    JOIN articles_related AS link ON link.target_id = report.id
    JOIN articles_article AS lead ON lead.id = link.article_id AND lead.published
    WHERE report.{0} >= %(moment)s AND report.{0} <= %(at)s
"""
_EVENTS: Final = f"""
SELECT * FROM (
  SELECT 0 AS kind, sequence, noted_at AS moment, slug, shown FROM {TABLE}
  WHERE sequence > %(sequence)s ORDER BY sequence LIMIT %(limit)s
) AS noted
UNION ALL
SELECT * FROM (
  SELECT 1 AS kind, 0 AS sequence, moment, slug, MAX(own) = 1 AS shown FROM (
    {" UNION ALL ".join(map(_PASSED.format, ("publish_from", "publish_until")))}
  ) AS passed
  WHERE moment > %(moment)s OR slug > %(slug)s
  GROUP BY moment, slug ORDER BY moment, slug LIMIT %(limit)s
) AS timed
UNION ALL
SELECT 2, COALESCE(MAX(sequence), 0), NULL, '', NULL FROM {TABLE}
"""


def since(place: Place, limit: int, at: datetime) -> Changes:
    """Return at most ``limit`` changes after ``place``. One query.

    Raise ``UnknownPlaceError``. An article may appear twice among the events.
    """
    moment = connection.ops.adapt_datetimefield_value
    values = {
        "sequence": place.sequence,
        "moment": moment(place.moment),
        "slug": place.slug,
        "at": moment(at),
        "limit": limit + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, values)
        rows = cursor.fetchall()
    noted = sorted(row for row in rows if row[0] == 0)
    passed = [row for row in rows if row[0] == 1]
    latest = next(row[1] for row in rows if row[0] == 2)
    if place.sequence > latest:
        raise UnknownPlaceError(place)
    told = [*noted[:limit], *(passed[: limit - len(noted)] if len(noted) < limit else [])]
    for kind, sequence, passed_at, slug, _shown in told:
        if kind == 0:
            place = place._replace(sequence=sequence)
        else:
            place = place._replace(moment=aware(passed_at), slug=slug)
    events = [Event(slug, bool(shown), aware(moment)) for _, _, moment, slug, shown in told]
    return Changes(events, place, len(noted) + len(passed) > len(told))


def latest(at: datetime) -> Place:
    """Return the place after all changes until ``at``, which must be now. One query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COALESCE(MAX(sequence), 0) FROM {TABLE}")
        return Place(cursor.fetchone()[0], at, "")


def place_of(moment: datetime) -> Place:
    """Return the place after all changes before ``moment``. One query.

    The query walks back through the changes since then, which the follower is about to read.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT sequence FROM {TABLE} WHERE noted_at < %s ORDER BY sequence DESC LIMIT 1",
            [connection.ops.adapt_datetimefield_value(moment)],
        )
        row = cursor.fetchone()
    return Place(row[0] if row else 0, moment, "")

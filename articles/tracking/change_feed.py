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

**Changes without a write.** Embargoes end, articles expire, and the date of one dated in the future
comes, without a write. The times of these changes come from the articles, so a follower's place has
two parts: the number of the last change and the last of these times. Setting a time in the past is
a write like any other.

**Restored backups.** After a restore the numbers go on from those of the backup, so a follower that
had read more would miss changes. A place therefore names its epoch, and a restore begins another
one (``articles/backup``). Followers must start over.

**Slugs that may be revealed.** Followers learn the slug of a removed article only if readers ever
saw the article, which ``shown`` records. It is set if the article is public before or after a
write. If the article was public only between two writes, the second one sets it, because it finds
that the schedule has begun.

**When an article last changed for readers.** ``changed_at`` is what feeds, sitemaps and structured
data call updated. It changes with the article's page or feed entry, once readers have seen the
article: with its texts, times, provider, topics and images, and the reports in its story. Heat and
categories are not on pages. Publishing an article, even again, does not count. It is empty until
the first change, so that an imported archive keeps its own times. Unlike the numbers, it says
nothing about order.

Triggers use the database's clock and ``since()`` the program's; the two must roughly agree, as
everywhere in the newsroom. This module refers to tables by name and imports no models.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from django.db import connection

from articles.scoring import GRACE
from articles.tracking.editions import aware

TABLE: Final = "articles_change"


class Event(NamedTuple):
    """A change that a follower may need to know about."""

    slug: str
    may_be_named: bool
    """Whether readers ever saw the article, so that its removal may be reported."""
    at: datetime


class Place(NamedTuple):
    """A follower's position."""

    sequence: int
    moment: datetime
    """The last time without a write that the follower has read; ``slug`` is its article."""
    slug: str
    epoch: str = ""
    """The site's epoch when the place was given out. A restored backup begins another one."""


class Changes(NamedTuple):
    """The next changes for a follower and its place after them."""

    events: list[Event]
    place: Place
    has_more: bool


class UnknownPlaceError(ValueError):
    """A place beyond the last change, or in another epoch: from before a backup was restored."""


# Blank before the first restore.
_EPOCH: Final = "COALESCE((SELECT token FROM articles_epoch), '')"

# When the date of an article lets readers see it, in SQL. SQLite stores text, and would round
# fractions of a second.
_OPENS: Final = {
    "sqlite": "datetime(substr({0}.published_at, 1, 19), '-15 minutes') "
    "|| substr({0}.published_at, 20)",
    "postgresql": "({0}.published_at - INTERVAL '15 minutes')",
}


class _Moment(NamedTuple):
    """Times at which readers begin or cease to see articles, in SQL; ``{0}`` is the row's alias."""

    time: str
    condition: str
    is_seen: str
    """Whether readers see a published article right before or after this moment."""


def _moments(opens: str) -> tuple[_Moment, ...]:
    between = "{{0}}.{0} >= %({1}moment)s AND {{0}}.{0} <= %({1}at)s".format
    return (
        _Moment("{0}.publish_from", between("publish_from", ""), f"{opens} <= {{0}}.publish_from"),
        _Moment(
            "{0}.publish_until", between("publish_until", ""), f"{opens} < {{0}}.publish_until"
        ),
        _Moment(
            opens,
            between("published_at", "dated_"),
            f"({{0}}.publish_from IS NULL OR {{0}}.publish_from <= {opens}) "
            f"AND ({{0}}.publish_until IS NULL OR {{0}}.publish_until > {opens})",
        ),
    )


def _passed(moment: _Moment) -> str:
    own, of_report = (_Moment(*(part.format(row) for part in moment)) for row in ("own", "report"))
    return f"""
    SELECT {own.time} AS moment, own.slug, 1 AS own
    FROM articles_article AS own WHERE own.published AND {own.condition} AND {own.is_seen}
    UNION ALL
    SELECT {of_report.time}, lead.slug, 0 FROM articles_article AS report
    JOIN articles_related AS link ON link.target_id = report.id
    JOIN articles_article AS lead ON lead.id = link.article_id AND lead.published
    WHERE {of_report.condition}
"""


_EVENTS: Final = {
    vendor: f"""
SELECT * FROM (
  SELECT 0 AS kind, sequence, noted_at AS moment, slug, shown FROM {TABLE}
  WHERE sequence > %(sequence)s ORDER BY sequence LIMIT %(limit)s
) AS noted
UNION ALL
SELECT * FROM (
  SELECT 1 AS kind, 0 AS sequence, moment, slug, MAX(own) = 1 AS shown FROM (
    {" UNION ALL ".join(map(_passed, _moments(opens)))}
  ) AS passed
  WHERE moment > %(moment)s OR slug > %(slug)s
  GROUP BY moment, slug ORDER BY moment, slug LIMIT %(limit)s
) AS timed
UNION ALL
SELECT 2, COALESCE(MAX(sequence), 0), NULL, {_EPOCH}, NULL FROM {TABLE}
"""
    for vendor, opens in _OPENS.items()
}


def since(place: Place, limit: int, at: datetime) -> Changes:
    """Return at most ``limit`` changes after ``place``. One query.

    Raise ``UnknownPlaceError``. An article may appear twice among the events. The epoch of ``place``
    is not compared: the place after the changes has the current one.
    """
    moment = connection.ops.adapt_datetimefield_value
    values = {
        "sequence": place.sequence,
        "moment": moment(place.moment),
        "slug": place.slug,
        "at": moment(at),
        "dated_moment": moment(place.moment + GRACE),
        "dated_at": moment(at + GRACE),
        "limit": limit + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS[connection.vendor], values)
        rows = cursor.fetchall()
    noted = sorted(row for row in rows if row[0] == 0)
    passed = [row for row in rows if row[0] == 1]
    latest, epoch = next((row[1], row[3]) for row in rows if row[0] == 2)
    if place.sequence > latest:
        raise UnknownPlaceError(place)
    place = place._replace(epoch=epoch)
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
        cursor.execute(f"SELECT COALESCE(MAX(sequence), 0), {_EPOCH} FROM {TABLE}")
        sequence, epoch = cursor.fetchone()
    return Place(sequence, at, "", epoch)


def place_of(moment: datetime) -> Place:
    """Return the place after all changes before ``moment``. One query.

    The query walks back through the changes since then, which the follower is about to read.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COALESCE((SELECT sequence FROM {TABLE} WHERE noted_at < %s "
            f"ORDER BY sequence DESC LIMIT 1), 0), {_EPOCH}",
            [connection.ops.adapt_datetimefield_value(moment)],
        )
        sequence, epoch = cursor.fetchone()
    return Place(sequence, moment, "", epoch)

"""What changed for readers since a follower last asked: everything, once, and in an order to trust.

A follower (``/api/v1/news/?updatedSince=``) keeps a copy of what is published. It must be told of
each article that came, changed or went, whoever wrote by whatever way, and never miss one.

**Who notes a change.** The database itself, by triggers, as for editions (``articles/tracking/editions.py``):
``articles_change`` has a row for each article that is published or ever was, with the number of its
last change. An article changes with its own visible columns, its topics, images (and what is kept of
them) and coverage, the visible columns of the reports that it names, and the names of topics and
providers; what readers do
not see (notes, reasons, versions) notes nothing.

**Which order.** Not time: of two transactions the one that was stamped first may be committed last,
and a follower that asked in between would have passed it. Numbers, which are given while the row of
the edition is locked: every write to what readers see holds that lock until it is committed, so
numbers become visible in their own order. (SQLite has one writer at a time anyway.) Each article has
one row, whose number only grows: a follower reads the latest of an article, and reads no other
twice.

**What passes without a write.** Embargoes end and articles expire by the clock. Those moments are
read from the schedules themselves, so a follower's place has two parts: the number of the last
change, and the last such moment. A schedule that is set for the past is a write like any other.

**What may be told.** That an article went is told by its slug, so only if readers ever saw it:
``shown``. It is set when a write finds, or leaves, the article public; and if it was public
for a while between two writes, by the second one, which finds a schedule that has begun.

The clock is the database's in triggers and the program's in ``since()``: they must agree to within
the time that matters to anybody, as in all of the newsroom. Knows tables by name, no models.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from articles.tracking import editions

TABLE: Final = "articles_change"
_SEQUENCE: Final = "articles_change_sequence"
VISIBLE: Final = (
    *("slug", "category", "type", "title", "excerpt", "body", "featured_content", "locale"),
    *("original_url", "web_url", "amp_url", "cdn_amp_url", "published_at", "updated_at"),
    *("provider_id", "heat", "published", "publish_from", "publish_until"),
    # Where it stands as coverage of another, and whether it does.
    *("quality", "is_pinned", "decision", "coverage_only"),
)
"""Columns of an article that make a difference to readers."""
_PARTS: Final = {
    "articles_articletopic": ("article_id", "topic_id", "position"),
    "articles_image": (
        *("article_id", "position", "url", "width", "height", "title", "attribution", "is_cached"),
        # Its copy, which is told of in all widths and formats.
        "stored_id",
    ),
    "articles_related": ("article_id", "target_id", "position"),
}
"""What belongs to an article, and the columns that make a difference."""
_NAMED: Final = {
    "articles_storedimage": ("digest", "color", "placeholder", "renditions", "focal_x", "focal_y"),
    "articles_topic": ("name", "slug"),
    "providers_provider": ("name", "domain"),
}


class Event(NamedTuple):
    """Something that a follower may have to be told of."""

    slug: str
    may_be_named: bool
    """Whether readers ever saw the article, so that its going may be told."""
    at: datetime


class Place(NamedTuple):
    """How far a follower has come."""

    sequence: int
    moment: datetime
    """The last moment of a schedule that it was told of, and the slug it was about."""
    slug: str


class Changes(NamedTuple):
    """What a follower is told next, and how far that takes it."""

    events: list[Event]
    place: Place
    has_more: bool


class UnknownPlaceError(ValueError):
    """A place that no follower of this newsroom can have come to, such as before a restored backup."""


_EVENTS: Final = f"""
SELECT * FROM (
  SELECT 0 AS kind, sequence, noted_at AS moment, slug, shown FROM {TABLE}
  WHERE sequence > %(sequence)s ORDER BY sequence LIMIT %(limit)s
) AS noted
UNION ALL
SELECT * FROM (
  SELECT 1 AS kind, 0 AS sequence, moment, slug, MAX(own) = 1 AS shown FROM (
    SELECT publish_from AS moment, slug, 1 AS own FROM articles_article
    WHERE published AND publish_from >= %(moment)s AND publish_from <= %(at)s
    UNION ALL
    SELECT publish_until, slug, 1 FROM articles_article
    WHERE published AND publish_until >= %(moment)s AND publish_until <= %(at)s
    UNION ALL
    SELECT report.publish_from, lead.slug, 0 FROM articles_article AS report
    JOIN articles_related AS link ON link.target_id = report.id
    JOIN articles_article AS lead ON lead.id = link.article_id AND lead.published
    WHERE report.publish_from >= %(moment)s AND report.publish_from <= %(at)s
    UNION ALL
    SELECT report.publish_until, lead.slug, 0 FROM articles_article AS report
    JOIN articles_related AS link ON link.target_id = report.id
    JOIN articles_article AS lead ON lead.id = link.article_id AND lead.published
    WHERE report.publish_until >= %(moment)s AND report.publish_until <= %(at)s
  ) AS passed
  WHERE moment > %(moment)s OR slug > %(slug)s
  GROUP BY moment, slug ORDER BY moment, slug LIMIT %(limit)s
) AS timed
UNION ALL
SELECT 2, COALESCE(MAX(sequence), 0), NULL, '', NULL FROM {TABLE}
"""


def since(place: Place, limit: int, at: datetime) -> Changes:
    """Return what a follower at ``place`` has not been told yet, at most ``limit`` of it. One query.

    Raises ``UnknownPlaceError``. An article may be among the events twice.
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
            place = place._replace(moment=_aware(passed_at), slug=slug)
    events = [Event(slug, bool(shown), _aware(moment)) for _, _, moment, slug, shown in told]
    return Changes(events, place, len(noted) + len(passed) > len(told))


def latest(at: datetime) -> Place:
    """Return the place of somebody who knows all that there is at ``at``, which is now. One query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COALESCE(MAX(sequence), 0) FROM {TABLE}")
        return Place(cursor.fetchone()[0], at, "")


def place_of(moment: datetime) -> Place:
    """Return the place of somebody who knows what there was at a moment. One query.

    Walks back through the changes since then, which the follower is about to read.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT sequence FROM {TABLE} WHERE noted_at < %s ORDER BY sequence DESC LIMIT 1",
            [connection.ops.adapt_datetimefield_value(moment)],
        )
        row = cursor.fetchone()
    return Place(row[0] if row else 0, moment, "")


def _aware(value: Any) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    # SQLite keeps moments in UTC without saying so.
    aware: datetime = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware


def add_triggers(_: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let the database note changes, and note what is published by now. For ``RunPython``.

    Makes all anew; ``editions.add_triggers`` says when a later migration needs it.
    """
    if schema_editor.connection.vendor == "postgresql":
        _add_postgresql(schema_editor)
    else:
        _add_sqlite(schema_editor)


def remove_triggers(_: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the triggers. For ``RunPython``."""
    if schema_editor.connection.vendor == "postgresql":
        for table in editions.SHOWN:
            for event in ("insert", "update", "delete"):
                schema_editor.execute(f"DROP FUNCTION IF EXISTS {table}_{event}_notes() CASCADE")
        schema_editor.execute("DROP FUNCTION IF EXISTS note_articles(bigint[])")
        schema_editor.execute(f"DROP SEQUENCE IF EXISTS {_SEQUENCE}")
        return
    for table in editions.SHOWN:
        for event in ("insert", "update", "delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_{event}_notes")


def _public(row: str, now: str, seen: str = "") -> str:
    """Return the condition that a row is public; with ``seen``, that it was at some time since then."""
    until = f"{row}.publish_until > {seen or now}"
    return (
        f"({row}.published AND ({row}.publish_from IS NULL OR {row}.publish_from <= {now}) "
        f"AND ({row}.publish_until IS NULL OR {until}))"
    )


_UPSERT: Final = (
    "ON CONFLICT (slug) DO UPDATE SET sequence = excluded.sequence, "
    f"shown = {TABLE}.shown OR excluded.shown, noted_at = excluded.noted_at"
)
_INTO: Final = f"INSERT INTO {TABLE}(slug, sequence, shown, noted_at)"
_NAMING: Final = "SELECT article_id FROM articles_related WHERE target_id"
_KNOWN: Final = f"EXISTS (SELECT 1 FROM {TABLE} AS c WHERE c.slug = a.slug)"
# What was public for a while since the last note was not so at the time of that note.
_LAST_NOTE: Final = (
    "COALESCE((SELECT c.noted_at FROM {table} AS c WHERE c.slug = {row}.slug), {least})"
)


# By index, whatever the planner knew of the tables when it first saw the function.
_LANGUAGE: Final = "LANGUAGE plpgsql SET enable_seqscan = off AS $$"


def _add_sqlite(schema_editor: BaseDatabaseSchemaEditor) -> None:
    now = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
    # Numbered within the statement: what it reads does not change while it writes.
    number = f"(SELECT COALESCE(MAX(sequence), 0) FROM {TABLE}) + row_number() OVER ()"

    def note(which: str) -> str:
        return (
            f"{_INTO} SELECT a.slug, {number}, {_public('a', now)}, {now} "
            f"FROM articles_article AS a WHERE {which} AND (a.published OR {_KNOWN}) {_UPSERT};"
        )

    last = _LAST_NOTE.format(table=TABLE, row="OLD", least="''")
    was = (
        f"{_INTO} SELECT OLD.slug, {number}, {_public('OLD', now, last)}, {now} "
        f"WHERE OLD.published {_UPSERT};"
    )
    differs = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in VISIBLE)

    def trigger(table: str, event: str, when: str, then: str) -> None:
        when = f"WHEN {when} " if when else ""
        # What an earlier version made may have looked at other columns.
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_{event}_notes")
        schema_editor.execute(
            f"CREATE TRIGGER {table}_{event}_notes "
            f"AFTER {event.upper()} ON {table} {when}BEGIN {then} END"
        )

    here, naming = "a.id = NEW.id", f"a.id IN ({_NAMING} = NEW.id)"
    trigger("articles_article", "insert", "NEW.published", note(here))
    trigger("articles_article", "update", differs, was + note(here) + note(naming))
    trigger("articles_article", "delete", "OLD.published", was)
    for table, columns in _PARTS.items():
        differs = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in columns)
        trigger(table, "insert", "", note("a.id = NEW.article_id"))
        trigger(table, "update", differs, note("a.id IN (OLD.article_id, NEW.article_id)"))
        trigger(table, "delete", "", note("a.id = OLD.article_id"))
    for table, names in _NAMED.items():
        renamed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in names)
        trigger(table, "update", renamed, note(_of_names(table, "= NEW.id")))
    schema_editor.execute(note("a.published"))


def _of_names(table: str, ids: str) -> str:
    """Return the condition of the articles that show copies, or the names of topics or providers."""
    if table == "articles_storedimage":
        return f"a.id IN (SELECT article_id FROM articles_image WHERE stored_id {ids})"
    if table == "articles_topic":
        return f"a.id IN (SELECT article_id FROM articles_articletopic WHERE topic_id {ids})"
    supplied = f"SELECT id FROM articles_article WHERE provider_id {ids}"
    return f"(a.provider_id {ids} OR a.id IN ({_NAMING} IN ({supplied})))"


def _add_postgresql(schema_editor: BaseDatabaseSchemaEditor) -> None:
    now = "clock_timestamp()"
    execute = schema_editor.execute
    execute(f"CREATE SEQUENCE IF NOT EXISTS {_SEQUENCE}")
    # The lock, before a number is taken: see the top of this file.
    lock = f"PERFORM 1 FROM {editions.TABLE} WHERE id = 1 FOR UPDATE;"
    execute(
        f"CREATE OR REPLACE FUNCTION note_articles(ids bigint[]) RETURNS void {_LANGUAGE} "
        f"BEGIN {lock} {_INTO} "
        f"SELECT a.slug, nextval('{_SEQUENCE}'), {_public('a', now)}, {now} "
        f"FROM articles_article AS a WHERE a.id = ANY(ids) AND (a.published OR {_KNOWN}) {_UPSERT}; "
        "END $$"
    )
    last = _LAST_NOTE.format(table=TABLE, row="o", least="'-infinity'")
    was = (
        f"{lock} {_INTO} SELECT o.slug, nextval('{_SEQUENCE}'), {_public('o', now, last)}, {now} "
        "FROM ({rows}) AS o WHERE o.published " + _UPSERT + "; "
    ).format
    note = "PERFORM note_articles(ARRAY({})); ".format
    # No join: its plan would be kept from a call with one row for one with thousands.
    columns = ", ".join(("id", *VISIBLE))
    differing = "SELECT {columns} FROM {one} EXCEPT SELECT {columns} FROM {other}".format
    before = differing(columns=columns, one="old_rows", other="new_rows")
    after = differing(columns=columns, one="new_rows", other="old_rows")

    _trigger(execute, "articles_article", "insert", note("SELECT id FROM new_rows WHERE published"))
    _trigger(
        execute,
        "articles_article",
        "update",
        f"changed := ARRAY(SELECT id FROM ({after}) AS n); "
        f"IF changed <> '{{}}' THEN {was(rows=before)}"
        + note(f"SELECT unnest(changed) UNION {_NAMING} = ANY(changed)")
        + "END IF; ",
    )
    _trigger(execute, "articles_article", "delete", was(rows="SELECT * FROM old_rows"))
    for table, parts in _PARTS.items():
        listed = ", ".join(("id", *parts))
        gone = differing(columns=listed, one="old_rows", other="new_rows")
        come = differing(columns=listed, one="new_rows", other="old_rows")
        old, new = "SELECT article_id FROM old_rows", "SELECT article_id FROM new_rows"
        _trigger(execute, table, "insert", note(new))
        both = f"SELECT article_id FROM ({gone}) AS o UNION SELECT article_id FROM ({come}) AS n"
        _trigger(execute, table, "update", note(both))
        _trigger(execute, table, "delete", note(old))
    for table, names in _NAMED.items():
        renamed = " OR ".join(f"o.{name} <> n.{name}" for name in names)
        # Which first: an import updates providers by the hundred, and hardly ever their names.
        both = f"SELECT n.id FROM old_rows AS o JOIN new_rows AS n ON n.id = o.id WHERE {renamed}"
        shown = f"SELECT a.id FROM articles_article AS a WHERE {_of_names(table, '= ANY(changed)')}"
        then = f"changed := ARRAY({both}); IF changed <> '{{}}' THEN {note(shown)} END IF; "
        _trigger(execute, table, "update", then)
    execute("SELECT note_articles(ARRAY(SELECT id FROM articles_article WHERE published))")


def _trigger(execute: Any, table: str, event: str, then: str) -> None:
    rows = {
        "insert": "NEW TABLE AS new_rows",
        "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "delete": "OLD TABLE AS old_rows",
    }[event]
    name = f"{table}_{event}_notes"
    execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger {_LANGUAGE} "
        f"DECLARE changed bigint[]; BEGIN {then} RETURN NULL; END $$"
    )
    execute(
        f"CREATE OR REPLACE TRIGGER {name} AFTER {event.upper()} ON {table} "
        f"REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )

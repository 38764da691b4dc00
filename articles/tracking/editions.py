"""Which edition of the newsroom readers see: another one after every change of what pages show.

An edition is a token that no other has. The database itself changes it, in the same transaction as
the rows: whoever writes, by whatever way, cannot forget to, and what is rolled back never was. So a
page stored under an edition (``articles/site/page_cache.py``) is never stale. Knows tables by name, no
models.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone

TABLE: Final = "articles_edition"
SHOWN: Final = (
    "articles_article",
    "articles_articletopic",
    "articles_image",
    "articles_logo",
    "articles_related",
    "articles_storedimage",
    "articles_topic",
    "providers_provider",
)
"""The tables that pages show."""


class Edition(NamedTuple):
    """What readers see at a moment."""

    token: str
    """No other edition has it; embargoes and expiries that passed make other ones, too."""
    begun_at: datetime


def current(at: datetime | None = None) -> Edition | None:
    """Return the edition of the moment ``at``; None before the first row is written. One query."""
    at = at or timezone.now()
    moment = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        # The index of each column holds the few that have a schedule.
        cursor.execute(
            "SELECT token, begun_at,"
            " (SELECT MAX(publish_from) FROM articles_article WHERE publish_from <= %s),"
            " (SELECT MAX(publish_until) FROM articles_article WHERE publish_until <= %s)"
            f" FROM {TABLE}",
            [moment, moment],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    _token, *moments = row
    known = [moment for moment in map(_moment, moments) if moment]
    return Edition(" ".join(map(str, row)), max(known))


def _moment(value: datetime | str | None) -> datetime | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    # SQLite keeps moments in UTC without saying so.
    return value and (value if value.tzinfo else value.replace(tzinfo=UTC))


def add_triggers(_: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let the database begin an edition with every write to what pages show. For ``RunPython``.

    Makes what is missing, for the tables that there are at this migration. As for ``search.add_triggers``, a migration that changes a table of
    ``SHOWN`` needs this as its last operation: SQLite's triggers go with the old table.
    """
    tables = _made(schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        _add_postgresql(schema_editor, tables)
        return
    begin = (
        f"INSERT INTO {TABLE}(id, token, begun_at) "
        "VALUES (1, lower(hex(randomblob(16))), strftime('%Y-%m-%d %H:%M:%f', 'now')) "
        "ON CONFLICT(id) DO UPDATE SET token = excluded.token, begun_at = excluded.begun_at;"
    )
    for table in tables:
        for event in ("insert", "update", "delete"):
            schema_editor.execute(
                f"CREATE TRIGGER IF NOT EXISTS {table}_{event}_begins_edition "
                f"AFTER {event.upper()} ON {table} BEGIN {begin} END"
            )


def _made(schema_editor: BaseDatabaseSchemaEditor) -> list[str]:
    """Return the tables of ``SHOWN`` that earlier migrations made."""
    made = set(schema_editor.connection.introspection.table_names())
    return [table for table in SHOWN if table in made]


def _add_postgresql(schema_editor: BaseDatabaseSchemaEditor, tables: list[str]) -> None:
    schema_editor.execute(
        "CREATE OR REPLACE FUNCTION begin_edition() "
        "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"INSERT INTO {TABLE}(id, token, begun_at) "
        "VALUES (1, replace(gen_random_uuid()::text, '-', ''), clock_timestamp()) "
        "ON CONFLICT (id) DO UPDATE SET token = excluded.token, begun_at = excluded.begun_at; "
        "RETURN NULL; END $$"
    )
    for table in tables:
        schema_editor.execute(
            f"CREATE OR REPLACE TRIGGER {table}_begins_edition "
            f"AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION begin_edition()"
        )


def remove_triggers(_: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the triggers. For ``RunPython``."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS begin_edition() CASCADE")
        return
    for table in _made(schema_editor):
        for event in ("insert", "update", "delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_{event}_begins_edition")

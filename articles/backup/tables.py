"""Rows as lines of text and back: the same text on SQLite and PostgreSQL.

Values are those that Django stores on SQLite: times as text in UTC, JSON as text, a UUID as 32
digits. Raw rows are several times faster than model instances, and leave no value out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from django.apps import apps
from django.db import connection, models

from articles.migrations.frozen import search_sqlite as search
from articles.migrations.frozen import sqlite
from newsroom.bulk import insert_as_stored

LEFT_OUT: Final = frozenset(
    {
        # Nobody stays signed in, and a backup should not hold the keys of sessions.
        "django_session",
        # Tasks are found again by what is due.
        "django_tasks_database_dbtaskresult",
        # Files of imports that are not finished: they can be imported again.
        "articles_importpart",
        "articles_importfile",
        # Signs of life of running workers.
        "articles_worker",
        # The proxies of the site, which may be others after a restore.
        "articles_purge",
        # A restore begins another edition and epoch.
        "articles_edition",
        "articles_epoch",
    }
)
"""Tables that are not in backups. A restore empties them."""
_PIECE: Final = 200
"""How many rows are in memory at once; the text of a document may have a megabyte."""
_JSON: Final = "JSONField"
_TIME: Final = "DateTimeField"
_UUID: Final = "UUIDField"
_BOOLEAN: Final = "BooleanField"

Row = list[Any]


class Digest:
    """The digest of rows. Equal on both databases, although these may spell a value differently."""

    def __init__(self, table: Table) -> None:
        self.rows = 0
        self._hash = sha256()
        self._canonical: list[tuple[int, Callable[[str], str]]] = [
            (index, _canonical_json if kind == _JSON else _canonical_time)
            for index, kind in enumerate(table.kinds)
            if kind in {_JSON, _TIME}
        ]

    def add(self, row: Row) -> None:
        row = list(row)
        for index, canonical in self._canonical:
            if row[index] is not None:
                row[index] = canonical(row[index])
        self._hash.update(line_of(row))
        self.rows += 1

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _canonical_json(text: str) -> str:
    # PostgreSQL sorts keys its own way, and writes 1e5 as 100000.
    return json.dumps(json.loads(text, parse_float=_number), sort_keys=True)


def _number(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() else number


def _canonical_time(text: str) -> str:
    # Triggers on SQLite write milliseconds.
    return text.rstrip("0").rstrip(".") if "." in text else text


def line_of(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True)
class Table:
    """A table of the database."""

    model: type[models.Model]
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.model._meta.db_table)

    @cached_property
    def columns(self) -> list[str]:
        return [str(one.column) for one in self._fields]

    @cached_property
    def kinds(self) -> list[str]:
        return [_kind(one) for one in self._fields]

    @property
    def _fields(self) -> list[Any]:
        # The database computes generated columns itself.
        return [one for one in self.model._meta.local_concrete_fields if not one.generated]

    @property
    def counts_up(self) -> bool:
        """Whether the database gives out its keys."""
        return isinstance(self.model._meta.pk, models.AutoField)

    def rows(self) -> Iterator[Row]:
        """Yield all rows by primary key, in a transaction. Only a few are in memory at once."""
        key = self.model._meta.pk
        order = _quoted(str(key.column))
        if connection.vendor == "postgresql":
            listed = ", ".join(map(_quoted, self.columns))
            # In the order of SQLite, whatever the locale.
            order += ' COLLATE "C"' if isinstance(key, models.CharField) else ""
        else:
            # Without the plus sign, the driver would turn text into times.
            listed = ", ".join(f"+{_quoted(column)}" for column in self.columns)
        spelled = _spelled(self.kinds)
        with connection.chunked_cursor() as cursor:
            cursor.execute(f"SELECT {listed} FROM {_quoted(self.name)} ORDER BY {order}")
            while piece := cursor.fetchmany(_PIECE):
                for found in piece:
                    row = list(found)
                    for index, spell in spelled:
                        if row[index] is not None:
                            row[index] = spell(row[index])
                    yield row

    def insert(self, rows: Iterable[Row]) -> None:
        insert_as_stored(self.name, self.columns, rows, _PIECE)

    def last_key(self) -> int | None:
        """Return the last key that the database gave out, also if its row was deleted."""
        if not self.counts_up:
            return None
        key = self.model._meta.pk.column
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT pg_sequence_last_value(pg_get_serial_sequence(%s, %s)::regclass)",
                    [_quoted(self.name), key],
                )
            else:
                cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [self.name])
            given = cursor.fetchone()
            cursor.execute(f"SELECT MAX({_quoted(str(key))}) FROM {_quoted(self.name)}")
            return max((given or [0])[0] or 0, cursor.fetchone()[0] or 0)

    def go_on_after(self, last: int) -> None:
        """Let the database give out keys after ``last``."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT setval(pg_get_serial_sequence(%s, %s), %s, %s)",
                    [_quoted(self.name), self.model._meta.pk.column, max(last, 1), last > 0],
                )
            else:
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [self.name])
                cursor.execute("INSERT INTO sqlite_sequence VALUES (%s, %s)", [self.name, last])


def _kind(one: Any) -> str:
    while one.remote_field:
        one = one.target_field
    return str(one.get_internal_type())


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _spelled(kinds: list[str]) -> list[tuple[int, Callable[[Any], Any]]]:
    """Return what turns the values of the database driver into those of a backup, by column."""
    if connection.vendor == "postgresql":
        spell: dict[str, Callable[[Any], Any]] = {
            _TIME: lambda value: str(value).removesuffix("+00:00"),
            _UUID: lambda value: value.hex,
        }
    else:
        spell = {_BOOLEAN: bool}
    return [(index, spell[kind]) for index, kind in enumerate(kinds) if kind in spell]


def kept() -> dict[str, Table]:
    """Return the tables that are in backups, by name."""
    found = sorted(map(Table, _managed()), key=lambda table: table.name)
    return {table.name: table for table in found if table.name not in LEFT_OUT}


def _managed() -> list[type[models.Model]]:
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


def empty() -> None:
    """Delete all rows, also of the tables that are not in backups. No trigger may be on."""
    names = [_quoted(model._meta.db_table) for model in _managed()]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(names)}")
        else:
            for name in names:
                cursor.execute(f"DELETE FROM {name}")


@contextmanager
def without_triggers() -> Iterator[None]:
    """Let no trigger note what is written in the block, which is part of a transaction.

    Others do not see this. At the end, references between rows are checked, and the search finds
    exactly the articles that are there.
    """
    execute: Any = connection.connection.execute
    with connection.wrap_database_errors:
        if connection.vendor == "postgresql":
            names = [_quoted(model._meta.db_table) for model in _managed()]
            for name in names:
                execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
            yield
            # Also, a table with checks to be made cannot be altered.
            execute("SET CONSTRAINTS ALL IMMEDIATE")
            for name in names:
                execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")
            # The column of the search is computed by the database.
            execute(
                "SELECT setval('articles_change_sequence', "
                "(SELECT COALESCE(MAX(sequence), 0) + 1 FROM articles_change))"
            )
        else:
            triggers = execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            usual = dict(triggers.fetchall())
            for name in usual:
                execute(sqlite.drop(name))
            yield
            connection.check_constraints()
            for statement in search.REBUILD:
                execute(statement)
            for statement in usual.values():
                execute(statement)

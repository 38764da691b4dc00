"""Write many rows at once: ``COPY`` on PostgreSQL, prepared statements on SQLite.

``bulk_create`` and ``bulk_update`` build an instance per row and convert each field alone, which
takes most of an import's time (``bench/``). Here rows are tuples, with a value for every column. Call
inside a transaction.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from django.db import connection, models, transaction

from newsroom import stored_words

_Model = type[models.Model]

# A number that no other lock of this project uses: "news" in ASCII.
_LOCK = 0x6E657773
_PIECE = 1000


def hold_write_lock() -> None:
    """Make other writers of articles wait until the transaction ends.

    An import holds the lock for a batch, the newsdesk for a decision: neither makes decisions from
    rows that the other is about to change, and their row locks cannot deadlock. On SQLite the
    transaction itself holds the only write lock.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def try_lock(name: str) -> bool:
    """Take a lock until the transaction ends, and return whether it was free.

    On SQLite the transaction itself holds the only write lock.
    """
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        key = [_LOCK, zlib.crc32(name.encode()) >> 1]
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", key)
        return bool(cursor.fetchone()[0])


def reserve_ids(model: _Model, count: int) -> list[int]:
    """Return ``count`` new primary keys, ascending.

    On SQLite the caller's write transaction keeps others from taking them.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                [table, count],
            )
            return [pk for (pk,) in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = (cursor.fetchone() or [0])[0]
        return list(range(last + 1, last + 1 + count))


def renew_statistics(*models_written: _Model) -> None:
    """Update the table statistics of PostgreSQL's planner.

    PostgreSQL itself does so only after a while. Until then it reads whole tables instead of an
    index, and an import gets slower with every batch. Plans need only rough numbers: a tenth of the
    usual sample takes a tenth of the time, and PostgreSQL takes a full sample later.
    """
    if connection.vendor != "postgresql":
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL default_statistics_target = 10")
        tables = (connection.ops.quote_name(model._meta.db_table) for model in models_written)
        cursor.execute(f"ANALYZE {', '.join(tables)}")


def insert(model: _Model, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert ``rows``; ``columns`` name the fields of their values (``provider_id`` for a key).

    Columns of words (``newsroom.stored_words``) are filled.
    """
    columns, rows = stored_words.beside(model, columns, rows)
    insert_as_stored(model._meta.db_table, columns, _adapted(model, columns, rows))


def insert_as_stored(
    table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], piece_size: int = _PIECE
) -> None:
    """Insert ``rows`` whose values are already as the database driver takes them.

    On SQLite at most ``piece_size`` of them are in memory at once.
    """
    quote = connection.ops.quote_name
    names = ", ".join(map(quote, columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {quote(table)} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            sql = f"INSERT INTO {quote(table)} ({names}) VALUES ({marks})"  # noqa: S608
            # Django's SQLite cursor takes lists only.
            for piece in _pieces(rows, piece_size):
                cursor.executemany(sql, piece)


def update(model: _Model, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Update rows by primary key, which is the last value of each row and not in ``columns``.

    Columns of words (``newsroom.stored_words``) are updated, too.
    """
    columns, rows = stored_words.beside(model, columns, rows)
    table = connection.ops.quote_name(model._meta.db_table)
    names = [connection.ops.quote_name(name) for name in columns]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A single statement, so that statement-level triggers run only once.
            listed = (*columns, "id")
            types = [f'"{name}" {_field(model, name).db_type(connection)}' for name in listed]
            taken = ", ".join(f"{name} = new.{name}" for name in names)
            recordset = f"json_to_recordset(%s) AS new({', '.join(types)})"
            sql = f"UPDATE {table} AS old SET {taken} FROM {recordset} WHERE old.id = new.id"  # noqa: S608
            for piece in _pieces(rows):
                objects = [dict(zip(listed, row, strict=True)) for row in piece]
                cursor.execute(sql, [json.dumps(objects, default=str)])
        else:
            marked = ", ".join(f"{name} = %s" for name in names)
            sql = f"UPDATE {table} SET {marked} WHERE id = %s"  # noqa: S608 - our own names
            for piece in _pieces(_adapted(model, [*columns, "id"], rows)):
                cursor.executemany(sql, piece)


def _pieces(rows: Iterable[Sequence[Any]], size: int = _PIECE) -> Iterator[list[Sequence[Any]]]:
    """Yield the rows in short lists, so that large calls need little memory."""
    rows = iter(rows)
    while piece := list(islice(rows, size)):
        yield piece


def _field(model: _Model, column: str) -> Any:
    return model._meta.get_field(column.removesuffix("_id") if column != "id" else column)


def _adapted(
    model: _Model, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Iterable[Sequence[Any]]:
    """Return the rows with the values that the database driver does not convert itself."""
    converters: list[tuple[int, Callable[[Any], Any]]] = []
    for index, name in enumerate(columns):
        field = _field(model, name)
        if isinstance(field, models.JSONField):
            converters.append((index, json.dumps))
        elif isinstance(field, models.DateTimeField) and connection.vendor != "postgresql":
            converters.append((index, _sqlite_time))
    return _converted(rows, converters) if converters else rows


def _converted(
    rows: Iterable[Sequence[Any]], converters: Sequence[tuple[int, Callable[[Any], Any]]]
) -> Iterator[Sequence[Any]]:
    for row in rows:
        values = list(row)
        for index, convert in converters:
            values[index] = convert(values[index])
        yield values


@lru_cache(maxsize=4096)
def _sqlite_time(value: datetime | None) -> str | None:
    """Return a time as Django stores it, several times faster than Django if it is in UTC.

    Many rows have the same times, or none.
    """
    if value is not None and value.tzinfo is UTC:
        return str(value).removesuffix("+00:00")
    adapted: str | None = connection.ops.adapt_datetimefield_value(value)
    return adapted

"""Write many rows at once: ``COPY`` on PostgreSQL, prepared statements on SQLite.

``bulk_create`` and ``bulk_update`` build an instance per row and convert each field alone, which
takes most of an import's time (``bench/``). Here rows are tuples, with a value for every column. Call
inside a transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from django.db import connection, models

_Model = type[models.Model]

# A number that no other lock of this project uses: "news" in ASCII.
_LOCK = 0x6E657773


def hold_write_lock() -> None:
    """Make other writers of articles wait until the transaction ends.

    An import holds the lock for a batch, the newsdesk for a decision: neither makes decisions from
    rows that the other is about to change, and their row locks cannot deadlock. On SQLite the
    transaction itself holds the only write lock.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


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
    index, and an import gets slower with every batch. This takes a fraction of a second per table.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for model in models_written:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def insert(model: _Model, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert ``rows``; ``columns`` name the fields of their values (``provider_id`` for a key)."""
    adapted = _adapted(model, columns, rows)
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(map(connection.ops.quote_name, columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in adapted:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            _execute_many(cursor, f"INSERT INTO {table} ({names}) VALUES ({marks})", adapted)  # noqa: S608


def update(model: _Model, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Update rows by primary key, which is the last value of each row and not in ``columns``."""
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(f"{connection.ops.quote_name(name)} = %s" for name in columns)
    with connection.cursor() as cursor:
        _execute_many(
            cursor,
            f"UPDATE {table} SET {names} WHERE id = %s",  # noqa: S608 - names of our own fields
            _adapted(model, [*columns, "id"], rows),
        )


def _execute_many(cursor: Any, sql: str, rows: Iterable[Sequence[Any]]) -> None:
    # Django's SQLite cursor takes lists only; pieces keep a large call's memory small.
    rows = iter(rows)
    while piece := list(islice(rows, 1000)):
        cursor.executemany(sql, piece)


def _adapted(
    model: _Model, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Iterator[Sequence[Any]]:
    converters: list[tuple[int, Callable[[Any], Any]]] = []
    for index, name in enumerate(columns):
        field = model._meta.get_field(name.removesuffix("_id") if name != "id" else name)
        if isinstance(field, models.JSONField):
            converters.append((index, json.dumps))
        elif isinstance(field, models.DateTimeField) and connection.vendor != "postgresql":
            # Many rows have the same time, for example the time of the run.
            adapt = lru_cache(maxsize=1024)(connection.ops.adapt_datetimefield_value)
            converters.append((index, adapt))
    for row in rows:
        values = list(row)
        for index, convert in converters:
            values[index] = convert(values[index])
        yield values

"""Writing many rows at once: ``COPY`` on PostgreSQL, prepared statements on SQLite.

``bulk_create`` and ``bulk_update`` build an instance a row and convert each field by itself, which
costs most of an import's time (``bench/``). Here rows are tuples whose values the caller chose, so
every column must be given. Call inside a transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from django.db import connection, models

_Model = type[models.Model]

# Any number that no other code of this project locks by: "news" in ASCII.
_LOCK = 0x6E657773


def hold_write_lock() -> None:
    """Let one writer of articles look and write, until the transaction ends; others wait.

    Imports hold it for a batch, the newsdesk for an act: neither decides on what the other is about
    to change, and locks on rows cannot meet crosswise. On SQLite the transaction itself has taken
    the one write lock.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def reserve_ids(model: _Model, count: int) -> list[int]:
    """Take ``count`` primary keys that no other row has or will get, ascending.

    On SQLite the caller's write transaction keeps others out until the rows are in.
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
    """Tell PostgreSQL's planner how large the tables have grown.

    It does so by itself only after a while; until then it reads whole tables where it should use
    an index, so that an import gets slower with every batch. A fraction of a second a table.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for model in models_written:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def insert(model: _Model, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert ``rows``; ``columns`` names the fields of a row's values (``provider_id`` for a key)."""
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
) -> Iterable[Sequence[Any]]:
    converters: list[tuple[int, Callable[[Any], Any]]] = []
    for index, name in enumerate(columns):
        field = model._meta.get_field(name.removesuffix("_id") if name != "id" else name)
        if isinstance(field, models.JSONField):
            converters.append((index, json.dumps))
        elif isinstance(field, models.DateTimeField) and connection.vendor != "postgresql":
            # The same moment, such as that of the run, stands in many rows.
            adapt = lru_cache(maxsize=1024)(connection.ops.adapt_datetimefield_value)
            converters.append((index, adapt))
    if not converters:
        return rows
    return (_converted(row, converters) for row in rows)


def _converted(
    row: Sequence[Any], converters: list[tuple[int, Callable[[Any], Any]]]
) -> Sequence[Any]:
    values = list(row)
    for index, convert in converters:
        values[index] = convert(values[index])
    return values

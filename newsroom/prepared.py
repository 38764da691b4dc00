"""Queries whose SQL Django builds once per process, because building takes longer than running."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler

# Stand-ins for the parameters while the SQL is built.
_MOMENT: Final = datetime(2001, 2, 3, 4, 5, 6, 789, UTC)
_KEYS: Final = [-1]
_FURTHEST: Final = timedelta(days=1)

_Value = Callable[[datetime, Sequence[int]], Any]


class Prepared:
    """A query for a moment, or for the rows with some keys.

    ``build`` gets both and returns a queryset of ``values_list()``. It may shift the moment by up to
    a day and pass the keys to the lookup ``any_of``, but must not use them in any other way.
    """

    def __init__(self, build: Callable[[datetime, list[int]], QuerySet[Any, Any]]) -> None:
        self._build = build

    def rows(self, at: datetime, keys: Sequence[int] = ()) -> list[tuple[Any, ...]]:
        """Return the rows at ``at``. One query."""
        compiler, sql, values, converters = self._built
        with connection.cursor() as cursor:
            cursor.execute(sql, [value(at, keys) for value in values])
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        if not converters:
            return rows
        return list(map(tuple, compiler.apply_converters(rows, converters)))

    @cached_property
    def _built(self) -> tuple[SQLCompiler, str, list[_Value], dict[int, Any]]:
        query = self._build(_MOMENT, _KEYS).query
        compiler = query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        converters = compiler.get_converters(column for column, *_ in compiler.select)
        return compiler, sql, list(map(_value, parameters)), converters


def _value(parameter: Any) -> _Value:
    """Return the function that replaces a parameter of the built query."""
    if parameter == _KEYS:
        return lambda _at, keys: list(keys)
    if parameter == json.dumps(_KEYS):
        return lambda _at, keys: json.dumps(list(keys))
    shift = _shift(parameter)
    if shift is not None:
        return lambda at, _keys: connection.ops.adapt_datetimefield_value(at + shift)
    return lambda _at, _keys: parameter


def _shift(parameter: Any) -> timedelta | None:
    """Return how far a parameter is from the stand-in for the moment; None for any other value."""
    try:
        # SQLite stores text without an offset.
        moment = datetime.fromisoformat(str(parameter))
    except ValueError:
        return None
    shift = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _MOMENT
    return shift if abs(shift) < _FURTHEST else None

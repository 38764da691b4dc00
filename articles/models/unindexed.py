"""The expression ``Unindexed``: a column for which SQLite uses no index."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func
from django.db.models.sql.compiler import SQLCompiler


class Unindexed(Func):
    """An unchanged number. It makes SQLite find rows by the other conditions.

    Without statistics, SQLite assumes that every list of keys is short. It looks up 100,000 keys
    one by one instead of walking an index in the order of the list. PostgreSQL does not do this.
    """

    template = "%(expressions)s"
    arity = 1

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        return self.as_sql(compiler, connection, template="+%(expressions)s", **more)

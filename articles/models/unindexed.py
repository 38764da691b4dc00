"""The expression ``Unindexed``: a column that the planner of SQLite looks up by no index."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func
from django.db.models.sql.compiler import SQLCompiler


class Unindexed(Func):
    """Return a number as it is, but let SQLite find rows by what else is asked of them.

    Without statistics it takes every list of keys for a short one, and looks up each of 100,000
    keys where it could walk an index in the order asked for. Other databases know better.
    """

    template = "%(expressions)s"
    arity = 1

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        """Add the sign that SQLite's documentation names for this: a unary plus."""
        return self.as_sql(compiler, connection, template="+%(expressions)s", **more)

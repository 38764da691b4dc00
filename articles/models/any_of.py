"""The lookup ``any_of``, which replaces ``in`` for lists of hundreds of values."""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler


# A foreign key does not inherit the lookups of other fields.
@models.ForeignKey.register_lookup
@models.Field.register_lookup
class AnyOf(models.Lookup):
    """Match a column against many strings or numbers, passed as one parameter.

    ``in`` passes each value as a separate parameter. This costs Django more time than the database
    takes for the query, and SQLite limits the number of parameters. Values are not converted, so
    ``any_of`` does not work for datetimes or JSON. Django looks into a list or tuple for expressions,
    value by value, but not into a set or dict.
    """

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        values = list(self.rhs)
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s)", (*parameters, values)
        inner = "SELECT value FROM json_each(%s)"
        return f"{column} IN ({inner})", (*parameters, json.dumps(values))

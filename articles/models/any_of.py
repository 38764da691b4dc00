"""The look-up ``any_of``: like ``in``, for lists of hundreds of values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    _Lookup = models.Lookup[Any]
else:
    # Generic in the type stubs only.
    _Lookup = models.Lookup


# Keys do not take over the look-ups of other fields.
@models.ForeignKey.register_lookup
@models.Field.register_lookup
class AnyOf(_Lookup):
    """Match a column with any of many texts or numbers, passed as one parameter.

    ``in`` makes a parameter of each value, which costs Django more than the database's look-up, and
    SQLite takes no more than a certain number of them. Values are passed as they are, so not for
    times or JSON.
    """

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """Compare with the list as an array, on SQLite as JSON."""
        column, parameters = self.process_lhs(compiler, connection)
        values = list(self.rhs)
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s)", (*parameters, values)
        inner = "SELECT value FROM json_each(%s)"
        return f"{column} IN ({inner})", (*parameters, json.dumps(values))

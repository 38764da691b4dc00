"""Compare two newsrooms by all their rows, with natural keys instead of ids.

Ignores what may differ between newsrooms with the same content: ids, import runs and times of
writing.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from django.db import connection, models

from articles.models import (
    Article,
    ArticleTopic,
    Image,
    ImportConflict,
    Related,
    SourceDocument,
    Topic,
)
from providers.models import Provider

Rows = dict[str, list[tuple[Any, ...]]]

# Foreign keys by a natural key of their target; None leaves a column out.
_SPELLED: dict[str, str | None] = {
    "id": None,
    "run": None,
    "created_at": None,
    "changed_at": None,
    "found_at": None,
    "version": None,
    # Copies of names and ids from other columns, for search.
    "filed_under": None,
    "article": "article__slug",
    "target": "target__slug",
    "topic": "topic__key",
    "provider": "provider__domain",
    "parent": "parent__key",
    "stored": "stored__digest",
    "decided_by": "decided_by__username",
    "resolved_by": "resolved_by__username",
}
_TABLES: tuple[type[models.Model], ...] = (
    Provider,
    Topic,
    Article,
    ArticleTopic,
    Image,
    Related,
    SourceDocument,
    ImportConflict,
)


def rows() -> Rows:
    """Return every row of every table that an import writes, sorted. Fail if a foreign key points nowhere."""
    connection.check_constraints()
    return {model.__name__: sorted(_rows_of(model), key=repr) for model in _TABLES}


def _rows_of(model: type[models.Model]) -> list[tuple[Any, ...]]:
    names = [_SPELLED.get(field.name, field.name) for field in model._meta.concrete_fields]
    columns = [name for name in names if name is not None]
    found = model._default_manager.order_by().values_list(*columns)
    return [
        tuple(
            (name, json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value)
            for name, value in zip(columns, row, strict=True)
        )
        for row in found
    ]


def written() -> list[Any]:
    """Return every row unchanged, including ids, versions and times."""
    return [list(model._default_manager.order_by("pk").values_list()) for model in _TABLES]


def digest() -> str:
    """Return the SHA-256 of ``rows()``, to compare across processes."""
    return sha256(repr(rows()).encode()).hexdigest()

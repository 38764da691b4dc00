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

_ARTICLE = ("address_key", "slug", "stem", "source_document__path")
# Foreign keys by natural keys of their target; no name leaves a column out.
_SPELLED: dict[str, tuple[str, ...]] = {
    "id": (),
    "run": (),
    "created_by": (),
    "created_at": (),
    "changed_at": (),
    "found_at": (),
    "version": (),
    "article_version": (),
    # Copies of names and ids from other columns, for search.
    "filed_under": (),
    "article": tuple(f"article__{name}" for name in _ARTICLE),
    "target": tuple(f"target__{name}" for name in _ARTICLE),
    "topic": ("topic__key",),
    "provider": ("provider__domain",),
    "parent": ("parent__key",),
    "stored": ("stored__digest",),
    "decided_by": ("decided_by__username",),
    "resolved_by": ("resolved_by__username",),
}
# Which run came first decides who gets a slug. A slug breaks ties between equal reports.
_BY_RUN = ("slug", "first_slug", "heat", "published", "top_rank", "standing")
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


def up_to_slugs(rows: Rows) -> Rows:
    """Leave out what may differ if the same documents came in several runs."""
    return without(rows, *_BY_RUN)


def without(rows: Rows, *columns: str) -> Rows:
    """Leave out columns, also of the articles that rows belong to."""
    kept = {
        name: [
            tuple(pair for pair in row if pair[0].rpartition("__")[2] not in columns)
            for row in found
        ]
        for name, found in rows.items()
    }
    return {name: sorted(found, key=repr) for name, found in kept.items()}


def _rows_of(model: type[models.Model]) -> list[tuple[Any, ...]]:
    spelled = (_SPELLED.get(field.name, (field.name,)) for field in model._meta.concrete_fields)
    columns = [name for names in spelled for name in names]
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
    """Return the SHA-256 of ``up_to_slugs()``, to compare across processes and runs."""
    return sha256(repr(up_to_slugs(rows())).encode()).hexdigest()

"""The search condition for lists in any order."""

from __future__ import annotations

from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, Q
from django.db.models.sql.compiler import SQLCompiler

from articles.search.index import FTS_TABLE, ID_OF_PLACE
from articles.search.match_syntax import fts5, postgresql
from articles.search.terms import Search, address, parse

FEW: Final = 20_000
"""Up to this many keys, lookups and a sort are faster than walking a million rows in order."""


def condition(text: str, connection: BaseDatabaseWrapper, *, is_typing: bool = True) -> Q:
    """Return the condition for articles that match ``text``; blank text matches all.

    The URL, slug or page of an article matches only that article.
    """
    text = text.strip()
    if not text:
        return Q()
    if found := address(text):
        return found
    asked = parse(text, is_typing=is_typing)
    if asked.wanted:
        return Q(_Matches(asked, is_common=_is_common(asked, connection)))
    if asked.unwanted:
        return ~Q(_Matches(asked, is_common=True))
    return Q(pk__in=[])


class _Matches(Func):
    """Matches all wanted terms and no unwanted term, or any unwanted term if none is wanted."""

    output_field = BooleanField()

    def __init__(self, asked: Search, *, is_common: bool) -> None:
        super().__init__(F("pk"))
        self.asked = asked
        self.is_common = is_common

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        sql, values = postgresql(self.asked, table=connection.ops.quote_name(self._key.alias))
        return sql, tuple(values)

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        key, _parameters = compiler.compile(self._key)
        found = f"SELECT {ID_OF_PLACE} FROM {FTS_TABLE} WHERE {FTS_TABLE} MATCH %s"
        # A few hits are looked up by key. For many, the plus makes SQLite find articles by the
        # other conditions and the order, and only check whether these keys include them.
        sign = "+" if self.is_common else ""
        return f"{sign}{key} IN ({found})", (fts5(self.asked),)

    @property
    def _key(self) -> Any:
        return self.get_source_expressions()[0]


def _is_common(asked: Search, connection: BaseDatabaseWrapper) -> bool:
    if connection.vendor == "postgresql":
        return False
    found = f"SELECT 1 FROM {FTS_TABLE} WHERE {FTS_TABLE} MATCH %s LIMIT 1 OFFSET %s"
    with connection.cursor() as cursor:
        cursor.execute(found, [fts5(asked), FEW])
        return cursor.fetchone() is not None

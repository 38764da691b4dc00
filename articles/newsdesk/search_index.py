"""Whether the search index is up to date, and how to make it so.

Every write keeps it up to date, except those of a former version during an upgrade, and those of
other programs. A new version of Python may also know more characters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet

from articles.migrations.frozen import search_sqlite
from articles.models import Article, ArticleTopic, Topic
from articles.search import index
from articles.tracking.sets import in_sets
from newsroom import bulk, stored_words
from newsroom.stored_words import words_of
from providers.models import Provider

CHUNK: Final = 1_000
"""How many rows to read at a time, to limit memory use."""

_Columns = dict[str, str]
_words_of_name = lru_cache(maxsize=4_096)(words_of)


def articles() -> QuerySet[Article]:
    """Return all articles with the columns that ``differences`` reads."""
    texts = ("title", "title_words", "excerpt", "excerpt_words", "locale")
    listed = ("slug", "published_at", "filed_under", "provider__id", "provider__name")
    return Article.objects.select_related("provider").only(*listed, *texts)


def differences(chunk: Sequence[Article]) -> Iterator[tuple[Article, _Columns]]:
    """Yield each article with its columns for the search that are out of date, as they should be."""
    links = ArticleTopic.objects.filter(article__any_of=[one.pk for one in chunk])
    in_order = links.order_by("article", "position", "pk")
    rows = in_order.values_list("article", "topic", "topic__name")
    topics = {
        pk: [(topic, _words_of_name(name)) for _, topic, name in found]
        for pk, found in groupby(rows, key=itemgetter(0))
    }
    for article in chunk:
        provider = (article.provider.pk, _words_of_name(article.provider.name))
        filed_under = index.filed_under(provider, topics.get(article.pk, []))
        columns = {} if article.filed_under == filed_under else {"filed_under": filed_under}
        yield article, _outdated_words(article) | columns


def _outdated_words(row: Any) -> _Columns:
    wanted = {
        field.attname: words_of(*(getattr(row, name) for name in field.sources))
        for field in stored_words.fields(row._meta.model)
    }
    return {column: words for column, words in wanted.items() if getattr(row, column) != words}


def rebuild() -> Iterator[tuple[int, int]]:
    """Renew the columns for the search; yield how many rows were read and renewed, in pieces.

    Each piece is a transaction. Articles come last, as they take the words of names from their
    topics and providers.
    """
    names = ("name", "name_words")
    for rows in (Topic.objects.only(*names), Provider.objects.only(*names), articles()):
        last = 0
        while True:
            with transaction.atomic():
                bulk.hold_write_lock()
                chunk = list(rows.filter(pk__gt=last).order_by("pk")[:CHUNK])
                renewed = _renew(rows.model, chunk)
            if not chunk:
                break
            last = chunk[-1].pk
            yield len(chunk), renewed
    if connection.vendor == "sqlite":
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in search_sqlite.REBUILD:
                cursor.execute(statement)


def _renew(model: type[Any], chunk: Sequence[Any]) -> int:
    if model is Article:
        found = dict(differences(chunk))
    else:
        found = {row: _outdated_words(row) for row in chunk}
    changed: dict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for row, columns in found.items():
        if columns:
            changed[tuple(columns)].append((*columns.values(), row.pk))
    with in_sets(len(chunk)):
        for names, rows in changed.items():
            bulk.update(model, names, rows)
    return sum(map(len, changed.values()))

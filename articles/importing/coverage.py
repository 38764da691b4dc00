"""Coverage-only articles: reports that documents list, but that have no document yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from articles import heat
from articles.documents import ArticleDocument, RelatedEntry, coverage_slug
from articles.documents.marks import related_keys
from articles.importing import catalog, rows
from articles.importing.identity import Directory, Row
from articles.importing.rows import StubPair
from articles.models import Article, SourceDocument
from newsroom import bulk

Naming = tuple[Row, Sequence[RelatedEntry]]
"""An article and the related entries of its document, except any with its own address."""


def entries_of(document: ArticleDocument) -> list[RelatedEntry]:
    """Return the related entries of a document, except any with its own address."""
    own = document.key
    return [entry for entry in document.related if entry.key != own]


def rank_of(row: Row) -> tuple[Any, ...]:
    """Rank a document among those that name the same coverage-only article.

    The article shows the entry of the latest document. Ties are broken by stem and URL, which,
    unlike a slug, do not depend on the order of import.
    """
    return (row.published_at, row.stem, row.url)


def find_new(
    namings: Iterable[Naming], directory: Directory
) -> tuple[tuple[StubPair, ...], frozenset[int]]:
    """Find the addresses that no article has, and add a new coverage-only article for each.

    Return the new articles with their entries, and the ids of known coverage-only articles that
    documents list.
    """
    new: dict[str, tuple[tuple[Any, ...], Row, RelatedEntry]] = {}
    named: set[int] = set()
    for namer, entries in namings:
        rank = rank_of(namer)
        for entry in entries:
            key = entry.key
            if key in new:
                known, row, _ = new[key]
                if rank > known:
                    new[key] = (rank, row, entry)
                continue
            found = directory.at(key)
            if not found:
                row = Row(0, coverage_slug(key), "", key, "", "", entry.published_at, True)
                directory.add(row)
                new[key] = (rank, row, entry)
            elif found[0].coverage_only:
                named.add(found[0].pk)
    for _, row, entry in new.values():
        describe(row, entry)
    return tuple((row, entry) for _, row, entry in new.values()), frozenset(named)


def describe(row: Row, entry: RelatedEntry) -> None:
    """Set the contents of a coverage-only article's row from an entry with its address key."""
    row.url, row.published_at = entry.url, entry.published_at
    row.provider = entry.provider.key


def number_rows(new: Sequence[Row]) -> None:
    for row, pk in zip(new, bulk.reserve_ids(Article, len(new)), strict=True):
        row.pk = pk


def store_coverage(source: SourceDocument, at: datetime) -> None:
    """Store the missing coverage-only articles that a document names.

    An import leaves them out if an editor's links differ from the document's. Call this inside a
    transaction that holds the write lock. If there is nothing to store, it takes three queries.
    """
    article, document = source.article, source.parse()
    directory = Directory(0, [document.key, *related_keys(document)], (), ())
    new, _ = find_new([(directory.get_all([article.pk])[0], entries_of(document))], directory)
    if not new:
        return
    number_rows([row for row, _ in new])
    providers = catalog.store_providers([(document, article.stem)])
    rows.insert_articles((), new, providers, {}, at, heat.current_policy())
    rows.insert_images(new)

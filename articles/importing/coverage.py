"""The coverage-only articles of one document, when its links are taken after its import."""

from __future__ import annotations

from datetime import datetime

from articles import heat
from articles.importing import catalog, links, rows, snapshot
from articles.importing.identity import Directory, settle_slugs
from articles.models import Article, SourceDocument
from newsroom import bulk


def store_coverage(source: SourceDocument, at: datetime) -> None:
    """Make the coverage-only articles that a document names and that no article is yet.

    An import leaves them out where an editor's links stand against the document's. Call inside a
    transaction that holds the write lock. Without anything to make, four queries.
    """
    article, document = source.article, source.parse()
    directory = Directory([document.url, *snapshot.related_urls(document)], [article.stem])
    stubs = links.Stubs()
    stubs.collect(directory.get(article.pk), document, directory)
    if not stubs.new:
        return
    stubs.name_new(directory)
    settle_slugs(directory)
    new = [(row, entry) for row, entry, _ in stubs.new.values()]
    for (row, _), pk in zip(new, bulk.reserve_ids(Article, len(new)), strict=True):
        row.pk = pk
    providers = catalog.store_providers([(document, article.stem)])
    rows.insert_articles((), new, providers, {}, at, heat.current_policy())
    rows.insert_images(new)

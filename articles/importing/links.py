"""The links between articles: which one an entry means, and what coverage-only ones show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from articles.documents import ArticleDocument, RelatedEntry, slug_for
from articles.importing import snapshot
from articles.importing.identity import Directory, Row
from articles.models import Article, Related, SourceDocument
from newsroom import bulk

# Which document's entry describes a coverage-only article: the latest one's. Ties by stem and URL,
# which do not depend on the order of import as a slug with a number may.
_Rank = tuple[Any, str, str]


def _rank(row: Row) -> _Rank:
    return (row.published_at, row.stem, row.url)


@dataclass(slots=True)
class Stubs:
    """The coverage-only articles of a batch: new ones with their entries, and those in question.

    ``doubtful`` are those in the database of which a document that named them changed. ``reread``
    are the documents, with their slugs, that were not in the batch but say what one shows.
    """

    new: dict[str, tuple[Row, RelatedEntry, _Rank]] = field(default_factory=dict)
    named: set[int] = field(default_factory=set)
    doubtful: set[int] = field(default_factory=set)
    reread: list[tuple[ArticleDocument, str]] = field(default_factory=list)

    def collect(self, namer: Row, document: ArticleDocument, directory: Directory) -> None:
        """Note the entries of one document; those of a URL that no article has make a new one."""
        rank = _rank(namer)
        for entry in document.related:
            url = entry.url
            if url == document.url:
                continue
            if url in self.new:
                row, _, known = self.new[url]
                if rank > known:
                    self.new[url] = (row, entry, rank)
                continue
            rows = directory.at(url)
            if not rows:
                row = Row(0, "", "", url, entry.published_at, coverage_only=True)
                directory.add(row)
                self.new[url] = (row, entry, rank)
            elif rows[0].coverage_only:
                self.named.add(rows[0].pk)

    def name_new(self, directory: Directory) -> None:
        """Return the new ones the stems that their entries come to."""
        for row, entry, _ in self.new.values():
            _describe(row, entry, directory)


def _describe(row: Row, entry: RelatedEntry, directory: Directory) -> None:
    stem = slug_for(entry.title, entry.published_at, entry.url)
    if (row.stem, row.published_at) != (stem, entry.published_at):
        row.published_at = entry.published_at
        directory.move(row, url=row.url, stem=stem)


def insert_links(namers: Iterable[tuple[Row, ArticleDocument]], directory: Directory) -> None:
    """Link documents to the articles that they name, in document order."""
    rows = (
        (row.pk, target.pk, position)
        for row, document in namers
        for position, url in enumerate(snapshot.related_urls(document))
        # An editor may have given the article a URL that its document names.
        if (target := directory.at(url)[0]) is not row
    )
    bulk.insert(Related, ("article_id", "target_id", "position"), rows)


def move_links(rows: Iterable[Row], directory: Directory) -> set[int]:
    """Point links to the first of several articles of one URL; returns who had links moved.

    Coverage-only ones that an article has taken the URL of are deleted.
    """
    moved: set[int] = set()
    for url in dict.fromkeys(row.url for row in rows):
        first, *others = directory.at(url)
        other_pks = [other.pk for other in others if other.pk]
        if not other_pks:
            continue
        links = Related.objects.filter(target__in=other_pks).order_by("article_id", "position")
        # An editor may have related two of them to each other, or one article to several.
        settled = {
            first.pk,
            *Related.objects.filter(target=first.pk).values_list("article", flat=True),
        }
        moving = []
        for pk, namer in links.values_list("pk", "article_id"):
            if namer not in settled:
                settled.add(namer)
                moved.add(namer)
                moving.append(pk)
        Related.objects.filter(pk__in=moving).update(target=first.pk)
        _delete([other for other in others if other.pk and other.coverage_only], directory)
    return moved


def _delete(stubs: Sequence[Row], directory: Directory) -> None:
    if stubs:
        Article.objects.filter(pk__in=[row.pk for row in stubs], coverage_only=True).delete()
    for row in stubs:
        directory.remove(row)


def release_links(
    moved: Mapping[int, str],
    batch: Mapping[int, tuple[Row, ArticleDocument]],
    directory: Directory,
    stubs: Stubs,
) -> list[Related]:
    """Find the links to articles whose URL changed, so that they can follow the old URL.

    ``moved`` has the old URLs by primary key, ``batch`` the documents that are newer than the
    database's. Returns the links, whose new targets are still to be set: ``directory.at()`` of the
    old URL, which may be a new coverage-only article.
    """
    links = Related.objects.filter(target__in=moved, article__source_document__isnull=False)
    released = []
    directory.load_urls(moved.values())
    for link in links.select_related("article__source_document"):
        namer = link.article
        if namer.pk in batch:
            row, document = batch[namer.pk]
        else:
            document = namer.source_document.parse()
            row = Row(namer.pk, namer.slug, namer.stem, namer.url, namer.published_at)
            stubs.reread.append((document, namer.stem))
        old_url = moved[link.target_id]
        if old_url in snapshot.related_urls(document):
            entries = tuple(entry for entry in document.related if entry.url == old_url)
            stubs.collect(row, replace(document, related=entries), directory)
            released.append(link)
    return released


def newer_entries(
    stubs: Stubs, documents: Mapping[int, ArticleDocument], directory: Directory
) -> list[tuple[Row, RelatedEntry]]:
    """Find the entries that coverage-only articles of the database now show; links must be in.

    ``documents`` are those of the batch by article. Deletes what nobody names anymore.
    """
    asked = stubs.named | stubs.doubtful
    if not asked:
        return []
    stays = Article.objects.filter(pk__in=asked, coverage_only=True)
    rows = {pk: directory.get(pk) for pk in stays.values_list("pk", flat=True)}
    latest: dict[int, tuple[_Rank, int]] = {}
    for target, namer, *rank in Related.objects.filter(target__in=rows).values_list(
        "target_id", "article_id", "article__published_at", "article__stem", "article__url"
    ):
        latest[target] = max(latest.get(target, ((), 0)), (tuple(rank), namer))
    _delete([row for pk, row in rows.items() if pk not in latest], directory)
    found = []
    for pk, ((_, stem, _), namer) in latest.items():
        document = documents.get(namer)
        if document is None and pk in stubs.doubtful:
            source = SourceDocument.objects.filter(article=namer).first()
            if source:
                document = source.parse()
                stubs.reread.append((document, stem))
        if document is None:
            continue
        entries = [entry for entry in document.related if entry.url == rows[pk].url]
        if entries:
            _describe(rows[pk], entries[0], directory)
            found.append((rows[pk], entries[0]))
    return found

"""The links between articles: which one an entry means, and what coverage-only ones show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from articles import bulk, snapshot
from articles.documents import ArticleDocument, RelatedEntry, slug_for
from articles.importer.identity import Directory, Row
from articles.models import Article, Related, SourceDocument

# Which document's entry describes a coverage-only article: the latest one's. Ties by stem and URL,
# which do not depend on the order of import as a slug with a number may.
_Rank = tuple[Any, str, str]


def _rank(row: Row) -> _Rank:
    return (row.published_at, row.stem, row.url)


@dataclass(slots=True)
class Stubs:
    """The coverage-only articles of a batch: new ones with their entries, and those in question.

    ``doubtful`` are those in the database of which a document that named them changed.
    """

    new: dict[str, tuple[Row, RelatedEntry, _Rank]] = field(default_factory=dict)
    named: dict[int, Row] = field(default_factory=dict)
    doubtful: set[int] = field(default_factory=set)

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
                self.named[rows[0].pk] = rows[0]

    def name_new(self, directory: Directory) -> list[str]:
        """Give the new ones the stems that their entries come to; returns those."""
        for row, entry, _ in self.new.values():
            _describe(row, entry, directory)
        return [row.stem for row, _, _ in self.new.values()]


def _describe(row: Row, entry: RelatedEntry, directory: Directory) -> None:
    row.published_at = entry.published_at
    stem = slug_for(entry.title, entry.published_at, entry.url)
    if row.stem != stem:
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
        links = Related.objects.filter(target__in=other_pks)
        # An editor may have related two of them to each other, or one article to both.
        has_first = Related.objects.filter(target=first.pk).values("article")
        links = links.exclude(Q(article=first.pk) | Q(article__in=has_first))
        moved |= set(links.values_list("article_id", flat=True))
        links.update(target=first.pk)
        Article.objects.filter(pk__in=other_pks, coverage_only=True).delete()
    return moved


def release_links(moved: Mapping[int, str], directory: Directory, stubs: Stubs) -> list[Related]:
    """Take back the links to articles whose URL changed, so that they can follow the old URL.

    ``moved`` has the old URLs by primary key. Returns the links, whose new targets are still to be
    set: ``directory.at()`` of the old URL, which may be a new coverage-only article.
    """
    links = list(
        Related.objects.filter(target__in=moved).select_related("article__source_document")
    )
    released = []
    for link in links:
        namer = link.article
        source = SourceDocument.objects.filter(article=namer).first()
        old_url = moved[link.target_id]
        if source is None:
            continue
        document = source.parse()
        if old_url in snapshot.related_urls(document):
            row = Row(namer.pk, namer.slug, namer.stem, namer.url, namer.published_at)
            stubs.collect(row, document, directory)
            released.append(link)
    return released


def newer_entries(
    stubs: Stubs, documents: Mapping[int, ArticleDocument], directory: Directory
) -> list[tuple[Row, RelatedEntry]]:
    """Find the entries that coverage-only articles of the database now show; links must be in.

    ``documents`` are those of the batch by article. Deletes what nobody names anymore.
    """
    doubtful = Article.objects.filter(pk__in=stubs.doubtful, coverage_only=True)
    rows = stubs.named | {pk: directory.get(pk) for pk in doubtful.values_list("pk", flat=True)}
    if not rows:
        return []
    latest: dict[int, tuple[_Rank, int]] = {}
    namers: dict[int, set[int]] = defaultdict(set)
    for target, namer, *rank in Related.objects.filter(target__in=rows).values_list(
        "target_id", "article_id", "article__published_at", "article__stem", "article__url"
    ):
        namers[target].add(namer)
        latest[target] = max(latest.get(target, ((), 0)), (tuple(rank), namer))  # type: ignore[type-var, assignment]
    Article.objects.filter(pk__in=rows.keys() - latest.keys(), coverage_only=True).delete()
    found = []
    for pk, (_, namer) in latest.items():
        document = documents.get(namer)
        if document is None and pk in stubs.doubtful:
            source = SourceDocument.objects.filter(article=namer).first()
            document = source.parse() if source else None
        if document is None:
            continue
        entries = [entry for entry in document.related if entry.url == rows[pk].url]
        if entries:
            _describe(rows[pk], entries[0], directory)
            found.append((rows[pk], entries[0]))
    return found

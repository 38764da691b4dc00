"""The links that a batch adds or moves, and the entries that coverage-only articles show."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from articles.documents import ArticleDocument, RelatedEntry
from articles.importing import snapshot
from articles.importing.coverage import describe, rank_of
from articles.importing.identity import Directory, Row
from articles.importing.rows import StubPair
from articles.models import Related, SourceDocument

Documents = Mapping[int, tuple[Row, ArticleDocument]]
"""The documents of a batch, by the primary keys of their articles."""
Reread = tuple[ArticleDocument, str]
"""A document that is not in the batch, with its slug."""


@dataclass(frozen=True, slots=True)
class Link:
    namer: Row
    target: Row
    position: int


@dataclass(frozen=True, slots=True)
class Released:
    """A link to an article whose URL changed; it follows the old URL to another article."""

    link_id: int
    namer: Row
    url: str
    entries: Sequence[RelatedEntry]
    reread: Reread | None


def links_of(namers: Iterable[tuple[Row, ArticleDocument]], directory: Directory) -> Iterator[Link]:
    """Yield the links from documents to the articles that they name, in document order."""
    for row, document in namers:
        for position, url in enumerate(snapshot.related_urls(document)):
            target = directory.at(url)[0]
            # An editor may have changed the article's URL to one that its document names.
            if target is not row:
                yield Link(row, target, position)


def find_released(
    old_urls: Mapping[int, str],
    documents: Documents,
    relinked: Collection[int],
    directory: Directory,
) -> tuple[Released, ...]:
    """Find the links to articles whose URL changed where the document names the old URL.

    ``old_urls`` are by primary key. Links from ``relinked`` articles are left out, because they are
    all rewritten.
    """
    if not old_urls:
        return ()
    directory.load_urls(old_urls.values())
    links = Related.objects.filter(target__in=old_urls, article__source_document__isnull=False)
    released = []
    for link in links.exclude(article__in=relinked).select_related("article__source_document"):
        namer, reread = link.article, None
        if namer.pk in documents:
            row, document = documents[namer.pk]
        else:
            document = namer.source_document.parse()
            row = Row(namer.pk, namer.slug, namer.stem, namer.url, namer.published_at)
            reread = (document, namer.stem)
        url = old_urls[link.target_id]
        if url in snapshot.related_urls(document):
            entries = [entry for entry in document.related if entry.url == url]
            released.append(Released(link.pk, row, url, entries, reread))
    return tuple(released)


def latest_namers(
    stubs: Collection[int], added: Iterable[Link], relinked: Collection[int], documents: Documents
) -> dict[int, tuple[tuple[Any, ...], int]]:
    """Return the rank and id of the latest article that links to each coverage-only article.

    Considers the links in the database, except those of ``relinked`` articles, and ``added``.
    """
    kept = Related.objects.filter(target__in=stubs).exclude(article__in=relinked)
    columns = ("target_id", "article_id", "article__published_at", "article__stem", "article__url")
    namings = [
        (target, rank_of(documents[namer][0]) if namer in documents else tuple(rank), namer)
        for target, namer, *rank in kept.values_list(*columns)
    ]
    namings += [
        (link.target.pk, rank_of(link.namer), link.namer.pk)
        for link in added
        if link.target.pk in stubs
    ]
    latest: dict[int, tuple[tuple[Any, ...], int]] = {}
    for target, rank, namer in namings:
        latest[target] = max(latest.get(target, ((), 0)), (rank, namer))
    return latest


def newer_entries(
    stubs: Mapping[int, Row],
    doubtful: Collection[int],
    latest: Mapping[int, tuple[tuple[Any, ...], int]],
    documents: Documents,
    directory: Directory,
) -> tuple[list[StubPair], list[Reread]]:
    """Find the entries that existing coverage-only articles will show.

    The latest document's entry is shown. For ``doubtful`` articles, that document is read again if
    it is not in the batch, and is returned too.
    """
    absent = {namer for pk, (_, namer) in latest.items() if pk in doubtful}.difference(documents)
    sources = SourceDocument.objects.filter(article__in=absent) if absent else ()
    stored = {source.article_id: source.parse() for source in sources}
    found: list[StubPair] = []
    reread: list[Reread] = []
    for pk, ((_, stem, _), namer) in latest.items():
        if namer in documents:
            document = documents[namer][1]
        elif pk in doubtful and namer in stored:
            document = stored[namer]
            reread.append((document, stem))
        else:
            continue
        row = stubs[pk]
        entry = next((entry for entry in document.related if entry.url == row.url), None)
        if entry is not None:
            describe(row, entry, directory)
            found.append((row, entry))
    return found, reread


def point_links(same_url: Iterable[Sequence[Row]]) -> set[int]:
    """Point the links to articles of one URL at the first of them; return the articles whose links
    moved."""
    moved: set[int] = set()
    for first, *others in same_url:
        links = Related.objects.filter(target__in=[other.pk for other in others])
        # An editor may have related two of them to each other, or one article to several.
        known = Related.objects.filter(target=first.pk).values_list("article", flat=True)
        settled = {first.pk, *known}
        moving = []
        for pk, namer in links.order_by("article_id", "position").values_list("pk", "article_id"):
            if namer not in settled:
                settled.add(namer)
                moved.add(namer)
                moving.append(pk)
        Related.objects.filter(pk__in=moving).update(target=first.pk)
    return moved

"""The links that a batch adds, and the entries that coverage-only articles show."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from articles.documents import ArticleDocument
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


def links_of(namers: Iterable[tuple[Row, ArticleDocument]], directory: Directory) -> Iterator[Link]:
    """Yield the links from documents to the articles that they name, in document order.

    The one to another article of its own address comes last, since that may come and go.
    """
    for row, document in namers:
        linked = {row}
        own = [document.key] if snapshot.names_own(document) else []
        for position, key in enumerate((*snapshot.related_keys(document), *own)):
            target = directory.target(key, row)
            # One article may have had both of two addresses.
            if target is not None and target not in linked:
                linked.add(target)
                yield Link(row, target, position)


def missing_twins(
    groups: Iterable[Sequence[Row]], written: Collection[Row], directory: Directory
) -> Iterator[Link]:
    """Yield the links to another article of the same address that came after its namer.

    ``written`` are the articles of the batch, whose links are all made.
    """
    alone = {}
    for group in groups:
        earlier = [row for row in group if row not in written and not row.coverage_only]
        # With two there, the link was made before, and an editor may have cut it.
        if len(earlier) == 1 and len(group) > 1:
            alone[earlier[0].pk] = earlier[0]
    if not alone:
        return
    known = set(Related.objects.filter(article__in=alone).values_list("article", "target"))
    for source in SourceDocument.objects.filter(article__in=alone):
        row = alone[source.article_id]
        for link in links_of([(row, source.parse())], directory):
            if link.target.key == row.key and (row.pk, link.target.pk) not in known:
                yield link


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
        entry = next((entry for entry in document.related if entry.key == row.key), None)
        if entry is not None:
            describe(row, entry)
            found.append((row, entry))
    return found, reread


def point_links(same_key: Iterable[Sequence[int]]) -> set[int]:
    """Point the links to articles of one address at the first of them; return the ids of the
    articles whose links moved."""
    moved: set[int] = set()
    for first, *others in same_key:
        links = Related.objects.filter(target__in=others)
        # An editor may have related two of them to each other, or one article to several.
        known = Related.objects.filter(target=first).values_list("article", flat=True)
        settled = {first, *known}
        moving = []
        for pk, namer in links.order_by("article_id", "position").values_list("pk", "article_id"):
            if namer not in settled:
                settled.add(namer)
                moved.add(namer)
                moving.append(pk)
        Related.objects.filter(pk__in=moving).update(target=first)
    return moved

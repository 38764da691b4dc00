"""The links that a batch adds, and the entries that coverage-only articles show."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from articles.documents import ArticleDocument
from articles.documents.marks import further_keys, related_keys
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

    Links to further articles with the same address come last, because these articles may change.
    """
    for row, document in namers:
        linked = {row}
        keys = (*related_keys(document), *further_keys(document))
        for position, key in enumerate(keys):
            target = directory.target(key, linked)
            if target is not None:
                linked.add(target)
                yield Link(row, target, position)


def links_to_newcomers(
    same_key: Iterable[Sequence[Row]], written: Collection[Row], directory: Directory
) -> Iterator[Link]:
    """Yield links from earlier documents whose entries mean several articles of one address.

    ``same_key`` are the articles of each address. The links of ``written``, the articles of the
    batch, exist already.
    """
    keys: dict[int, str] = {}
    for group in same_key:
        earlier = [row.pk for row in group if row not in written and not row.coverage_only]
        if earlier and len(group) > len(earlier):
            keys |= dict.fromkeys(earlier, group[0].key)
    if not keys:
        return
    linked = Related.objects.filter(target__in=keys).values_list("article", "target")
    wanted = {pk: {key} for pk, key in keys.items()}
    for namer, target in linked:
        wanted.setdefault(namer, set()).add(keys[target])
    namers = {row.pk: row for row in directory.get_all(wanted) if row not in written}
    for source in SourceDocument.objects.filter(article__in=namers):
        row, document = namers[source.article_id], source.parse()
        meant = wanted[row.pk].intersection(further_keys(document))
        for link in links_of([(row, document)], directory) if meant else ():
            if link.target.key in meant:
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

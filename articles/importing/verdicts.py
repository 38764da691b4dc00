"""Verdicts on suggestions, from desk blocks to rows and back.

A document names the other articles by URL. A verdict on an article that does not exist yet waits for
it. Verdicts are merged one by one: one that editors have given here stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from articles import roles
from articles.addresses import at_addresses
from articles.documents import ArticleDocument, Desk, address_key
from articles.models import OPEN, Act, ActChange, Article, AwaitedVerdict, ImportRun, Pair, Verdict
from articles.models.verdict import Given, Keys, as_json, in_order
from newsroom import bulk

Changes = Mapping[str, tuple[str, str]]
"""Verdicts before and after, by the address key of the other article."""

_VERBS: Final = {
    Pair.Verdict.ACCEPTED.value: Act.Verb.RELATE,
    Pair.Verdict.REFUSED.value: Act.Verb.REFUSE,
    Pair.Verdict.NONE.value: Act.Verb.UNDO,
}


def changes(base: ArticleDocument | None, document: ArticleDocument) -> Changes:
    """Return the verdicts in a document that the document before it did not have."""
    before, now = (_verdicts(one) if one else {} for one in (base, document))
    return {
        key: (before.get(key, ""), now.get(key, ""))
        for key in before | now
        if before.get(key) != now.get(key)
    }


def _verdicts(document: ArticleDocument) -> dict[str, str]:
    desk = document.desk
    if desk is None:
        return {}
    found = dict.fromkeys(map(address_key, desk.accepted), Pair.Verdict.ACCEPTED.value)
    # If a document contradicts itself, the articles are not suggested again.
    found |= dict.fromkeys(map(address_key, desk.refused), Pair.Verdict.REFUSED.value)
    found.pop(document.key, None)
    return found


def bring(
    brought: Mapping[int, Changes], arrived: Collection[str], run: ImportRun, at: datetime
) -> None:
    """Write the verdicts of documents, by the ids of their articles, with an entry in the history.

    Also write those that waited for articles with the address keys ``arrived``. One query if there are
    none. Call this when all articles of the batch are written.
    """
    waited = [
        one
        for one in AwaitedVerdict.objects.filter(address_key__any_of=list(arrived))
        if one.address_key not in brought.get(one.article_id, ())
    ]
    if not waited and not brought:
        return
    keys = {key for some in brought.values() for key in some}
    ids = at_addresses(sorted(keys.union(arrived)), Article.objects.all())
    AwaitedVerdict.objects.filter(
        article__any_of=list(brought), address_key__any_of=list(keys)
    ).delete()
    named = [(pk, key, *one) for pk, some in brought.items() for key, one in some.items()]
    named += [(one.article_id, one.address_key, "", one.verdict) for one in waited]
    wanted: dict[Keys, tuple[str, str]] = {}
    awaited = []
    # If two documents disagree about a pair, it is refused: "refused" sorts after "accepted".
    for pk, key, before, after in sorted(named, key=lambda one: one[-1]):
        other = next((one for one in ids.get(key, ()) if one != pk), None)
        if other is not None:
            wanted[in_order((pk, other))] = before, after
        elif after:
            awaited.append((pk, key, after))
    AwaitedVerdict.objects.filter(pk__any_of=[one.pk for one in waited]).delete()
    bulk.insert(AwaitedVerdict, ("article_id", "address_key", "verdict"), awaited)
    known = Pair.objects.verdicts(wanted)
    verdicts = {
        pair: Verdict(after, run.started_by_id, at) if after else OPEN
        for pair, (before, after) in wanted.items()
        if known.get(pair, OPEN).value == before
    }
    _record(Pair.objects.give(verdicts), run, at)


def _record(given: Given, run: ImportRun, at: datetime) -> None:
    ids = sorted({pk for pair in given for pk in pair})
    columns = ("heat", "published", "version")
    rows = Article.objects.filter(pk__any_of=ids).values_list("pk", *columns)
    articles = {pk: values for pk, *values in rows}
    acts: list[tuple[Any, ...]] = []
    entries: list[tuple[Any, ...]] = []
    for act, (pair, verdicts) in zip(bulk.reserve_ids(Act, len(given)), given.items(), strict=True):
        verb = _VERBS[verdicts[1].value].value
        acts.append((act, verb, at, run.started_by_id, "", [roles.RELATE], run.pk))
        for pk in pair:
            heat, published, version = articles[pk]
            told = as_json(pk, {pair: verdicts})
            score = (heat, heat, published, published)
            entries.append((act, pk, {}, {}, [], [], told, *score, version))
    bulk.insert(Act, ("id", "verb", "at", "by_id", "reason", "permissions", "run_id"), acts)
    bulk.insert(
        ActChange,
        (
            *("act_id", "article_id", "before", "after", "linked", "unlinked", "verdicts"),
            *("heat_before", "heat_after", "published_before", "published_after", "version"),
        ),
        entries,
    )


def articles_with_verdicts(articles: Collection[int]) -> set[int]:
    """Return which of these articles have a verdict. One query."""
    pairs = Pair.objects.decided().of(list(articles)).values_list("first", "second")
    return {pk for pair in pairs for pk in pair}.intersection(articles)


def written_into(documents: Mapping[int, ArticleDocument]) -> dict[int, ArticleDocument]:
    """Return the documents of articles, by their ids, with the verdicts of editors.

    URLs that no article has stay as they are. One query, and up to three more.
    """
    if not documents:
        return {}
    said: dict[int, dict[int, str]] = defaultdict(dict)
    pairs = Pair.objects.decided().of(list(documents)).order_by()
    for first, second, value in pairs.values_list("first", "second", "verdict"):
        said[first][second] = said[second][first] = value
    named = {address_key(url) for one in documents.values() for url in _urls(one)}
    if not said and not named:
        return dict(documents)
    ids = at_addresses(sorted(named), Article.objects.all()) if named else {}
    others = sorted({other for pk in said.keys() & documents for other in said[pk]})
    urls = dict(Article.objects.filter(pk__any_of=others).values_list("pk", "url"))
    return {
        pk: replace(document, desk=_desk(document, pk, said.get(pk, {}), ids, urls))
        for pk, document in documents.items()
    }


def _urls(document: ArticleDocument) -> Iterator[str]:
    if document.desk:
        yield from (*document.desk.accepted, *document.desk.refused)


def _desk(
    document: ArticleDocument,
    pk: int,
    said: Mapping[int, str],
    ids: Mapping[str, list[int]],
    urls: Mapping[int, str],
) -> Desk | None:
    desk = document.desk or Desk()

    def urls_of(verdict: str, named: Iterable[str]) -> tuple[str, ...]:
        meant = {other for other, value in said.items() if value == verdict}
        found = {url: set(ids.get(address_key(url), ())) - {pk} for url in named}
        # A URL stays if it means an article with that verdict, or none.
        kept = [url for url in named if not found[url] or found[url] & meant]
        new = {urls[other] for other in meant.difference(*found.values())}
        return (*kept, *sorted(url for url in new if address_key(url) != document.key))

    desk = replace(
        desk,
        accepted=urls_of(Pair.Verdict.ACCEPTED, desk.accepted),
        refused=urls_of(Pair.Verdict.REFUSED, desk.refused),
    )
    return None if desk == Desk() else desk

"""Whether two articles report the same event, in the opinion of editors.

``refuse`` says that they do not. Linking two suggested articles accepts the suggestion, and cutting
their links opens it again. A verdict is about two articles, so pairs of all kinds have the same.
It is no value of an article: a refusal begins no edition and makes no version, so that it neither
renews pages nor makes other decisions stale.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from articles import roles
from articles.models import Article, Pair, Unsuggested
from articles.newsdesk import links
from articles.newsdesk.changes import Change, RefusedError, Verb, Verdict
from articles.newsdesk.changes import Pair as Keys
from newsroom import bulk

OPEN: Final = Verdict()
_REFUSED: Final = Verdict(Pair.Verdict.REFUSED.value)
_ACCEPTED: Final = Verdict(Pair.Verdict.ACCEPTED.value)
_COLUMNS: Final = ("verdict", "decided_by_id", "decided_at")

Given = Mapping[Keys, tuple[Verdict, Verdict]]
"""The verdicts before and after a decision, by pair in ascending order."""


def refuse(article: Article, others: Iterable[Article]) -> Change:
    """Say that an article reports another event than ``others``, which are never suggested again.

    Two queries.
    """
    members, across = links.between([article], others)
    if across & links.links_between(members):
        raise RefusedError("These articles are linked. Unlink them first.")
    pairs = {pair for pair in across if pair == in_order(pair)}
    known = verdicts_of(pairs)
    refused = {pair for pair in pairs if known.get(pair, OPEN).value != _REFUSED.value}
    if not refused:
        raise RefusedError("An editor has said already that these articles report other events.")
    about = {pk for pair in refused for pk in pair}
    return Change(
        Verb.REFUSE,
        frozenset({roles.RELATE}),
        {pk: members[pk].version for pk in about},
        verdicts=dict.fromkeys(refused, _REFUSED),
    )


def in_order(pair: Keys) -> Keys:
    one, other = pair
    return min(one, other), max(one, other)


def verdicts_of(pairs: Collection[Keys]) -> dict[Keys, Verdict]:
    """Return the verdicts on those of these pairs that are stored. One query, or none."""
    return {(first, second): verdict for _, first, second, verdict, _ in _stored(pairs)}


def give(change: Change, by_id: int | None, at: datetime) -> Given:
    """Write the verdicts of a change whose links are written, and return those that changed.

    No query if it is not about pairs, otherwise up to five.
    """
    linked = {in_order(pair) for pair in change.link - change.unlink}
    cut = {in_order(pair) for pair in change.unlink - change.link}
    if not (change.verdicts or linked or cut):
        return {}
    rows = _stored({*change.verdicts, *linked, *cut})
    before = {(first, second): verdict for _, first, second, verdict, _ in rows}
    after = dict(change.verdicts)
    if not change.undoes:
        accepted = _ACCEPTED._replace(by_id=by_id, at=at)
        for pair in linked & before.keys():
            if before[pair].value != _ACCEPTED.value:
                after[pair] = accepted
        opened = {pair for pair in cut & before.keys() if before[pair].value == _ACCEPTED.value}
        if opened:
            kept = links.links_between({pk for pair in opened for pk in pair})
            after |= dict.fromkeys(opened - {in_order(pair) for pair in kept}, OPEN)
    _write(after, rows)
    return {pair: (before.get(pair, OPEN), verdict) for pair, verdict in after.items()}


def _write(after: Mapping[Keys, Verdict], rows: Collection[tuple[Any, ...]]) -> None:
    unexplained, updated, found = [], [], set()
    for pk, first, second, _, reasons in rows:
        verdict = after.get((first, second))
        found.add((first, second))
        if verdict is None:
            continue
        if verdict == OPEN and not reasons:
            # It was never suggested.
            unexplained.append(pk)
        else:
            updated.append((*verdict, pk))
    Pair.objects.filter(pk__any_of=unexplained).delete()
    if updated:
        bulk.update(Pair, _COLUMNS, updated)
    new: list[tuple[Any, ...]] = [
        (*pair, Pair.Kind.EVENT.value, 0.0, [], *verdict)
        for pair, verdict in after.items()
        if pair not in found and verdict != OPEN
    ]
    if new:
        bulk.insert(Pair, ("first_id", "second_id", "kind", "score", "reasons", *_COLUMNS), new)
    # Their texts may have changed while there was a verdict.
    Unsuggested.objects.add(
        sorted({pk for pair, verdict in after.items() if verdict == OPEN for pk in pair})
    )


def _stored(pairs: Collection[Keys]) -> list[tuple[int, int, int, Verdict, Any]]:
    """Return primary key, articles, verdict and reasons of the pairs that are stored. One query, or none."""
    if not pairs:
        return []
    firsts, seconds = (sorted({pair[side] for pair in pairs}) for side in (0, 1))
    rows = Pair.objects.filter(first__any_of=firsts, second__any_of=seconds)
    return [
        (pk, first, second, Verdict(*verdict), reasons)
        for pk, first, second, reasons, *verdict in rows.values_list(
            "pk", "first_id", "second_id", "reasons", *_COLUMNS
        )
        if (first, second) in pairs
    ]


def as_json(article_id: int, given: Given) -> list[dict[str, Any]] | None:
    """Return the changed verdicts on pairs of an article for its history, or None."""
    return [
        {
            "article": first if second == article_id else second,
            "before": [before.value, before.by_id, before.at and before.at.isoformat()],
            "after": after.value,
        }
        for (first, second), (before, after) in sorted(given.items())
        if article_id in {first, second}
    ] or None


def from_json(article_id: int, rows: Iterable[Mapping[str, Any]] | None) -> Given:
    """Return what ``as_json`` stored. The signature of the verdict after is left out."""
    found = {}
    for row in rows or ():
        value, by_id, at = row["before"]
        before = Verdict(value, by_id, at and datetime.fromisoformat(at))
        found[in_order((article_id, row["article"]))] = before, Verdict(row["after"])
    return found

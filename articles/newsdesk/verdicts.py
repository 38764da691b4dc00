"""Whether two articles report the same event, in the opinion of editors.

``refuse`` says that they do not. Linking two suggested articles accepts the suggestion, and cutting
their links opens it again. A verdict is about two articles, so pairs of all kinds have the same.
It is no value of an article: a refusal begins no edition and makes no version, so that it neither
renews pages nor makes other decisions stale.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from articles import roles
from articles.models import OPEN, Article, Pair, Verdict
from articles.models.verdict import Given, in_order
from articles.newsdesk import links
from articles.newsdesk.changes import Change, RefusedError, Verb


def refuse(article: Article, others: Iterable[Article]) -> Change:
    """Say that an article reports another event than ``others``, which are never suggested again.

    Two queries.
    """
    members, across = links.between([article], others)
    if across & links.links_between(members):
        raise RefusedError("These articles are linked. Unlink them first.")
    pairs = {pair for pair in across if pair == in_order(pair)}
    known = Pair.objects.verdicts(pairs)
    refused = {pair for pair in pairs if known.get(pair, OPEN).value != Pair.Verdict.REFUSED}
    if not refused:
        raise RefusedError("An editor has said already that these articles report other events.")
    return Change(
        Verb.REFUSE,
        frozenset({roles.RELATE}),
        {pk: members[pk].version for pair in refused for pk in pair},
        verdicts=dict.fromkeys(refused, Verdict(Pair.Verdict.REFUSED.value)),
    )


def give(change: Change, by_id: int | None, at: datetime) -> Given:
    """Write the verdicts of a change whose links are written, and return those that changed.

    No query if it is not about pairs, otherwise up to seven.
    """
    after = dict(change.verdicts)
    if not change.undoes:
        linked = {in_order(pair) for pair in change.link - change.unlink}
        cut = {in_order(pair) for pair in change.unlink - change.link}
        known = Pair.objects.verdicts(linked | cut)
        accepted = Verdict(Pair.Verdict.ACCEPTED.value, by_id, at)
        was_accepted = {pair for pair, one in known.items() if one.value == accepted.value}
        after |= dict.fromkeys(linked & known.keys() - was_accepted, accepted)
        if opened := cut & was_accepted:
            kept = links.links_between({pk for pair in opened for pk in pair})
            after |= dict.fromkeys(opened - {in_order(pair) for pair in kept}, OPEN)
    return Pair.objects.give(after) if after else {}

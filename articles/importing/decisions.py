"""Convert editors' decisions from desk blocks to rows and back.

A desk block is merged in three parts: the decision with its end and reason, the schedule, and the
pin. A decision that has ended is ignored. The history shows every imported decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from articles import roles
from articles.documents import ArticleDocument, Desk, iso
from articles.importing.rows import Pair
from articles.models import Act, ActChange, Article, ImportRun
from articles.scoring import Policy
from newsroom import bulk

NONE: Final[Mapping[str, Any]] = {
    "decision": ["", None, ""],
    "schedule": [None, None],
    "pinned": False,
}
"""The state of an article without any decision."""

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "decision": ("decision", "decision_until", "decision_reason"),
    "schedule": ("publish_from", "publish_until"),
    "pinned": ("is_pinned",),
}
"""The columns of each part."""

_SIGNED: Final = ("decided_by_id", "decided_at")
BLANK: Final[Mapping[str, Any]] = {
    "decision": "",
    "decision_until": None,
    "decision_reason": "",
    "publish_from": None,
    "publish_until": None,
    "is_pinned": False,
    "decided_by_id": None,
    "decided_at": None,
}
"""The columns of a new article."""
_MOMENTS: Final = ("decision_until", "publish_from", "publish_until", "decided_at")
_DECISIONS: Final = {
    "publish": (Act.Verb.PUBLISH, roles.PUBLISH),
    "hold": (Act.Verb.HOLD, roles.HOLD),
    "withdraw": (Act.Verb.WITHDRAW, roles.WITHDRAW),
}


@dataclass(frozen=True, slots=True)
class Brought:
    """The decisions of a document about an article: the columns before and after.

    ``heat`` and ``published`` are the article's before, or None for a new article. ``version`` is
    the article's version after.
    """

    article_id: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    heat: int | None
    published: bool | None
    version: int


def is_over(document: ArticleDocument, at: datetime) -> bool:
    """Return whether the decision in a document has ended by ``at``."""
    until = document.desk.until if document.desk else None
    return until is not None and until <= at


def of_document(document: ArticleDocument, at: datetime) -> dict[str, Any]:
    """Return the editors' decisions in a document, as values for JSON."""
    desk = document.desk
    if desk is None:
        return dict(NONE)
    decision = NONE["decision"]
    if desk.decision and not is_over(document, at):
        decision = [desk.decision, desk.until and iso(desk.until), desk.reason or ""]
    schedule = [desk.begin and iso(desk.begin), desk.end and iso(desk.end)]
    return {"decision": decision, "schedule": schedule, "pinned": bool(desk.pinned)}


def of_article(article: Article, at: datetime) -> dict[str, Any]:
    """Return the editors' decisions about an article, in the same form."""
    decision, until = article.decision, article.decision_until
    begin, end = article.publish_from, article.publish_until
    is_decided = decision and (until is None or until > at)
    return {
        "decision": [decision, until and iso(until), article.decision_reason]
        if is_decided
        else NONE["decision"],
        "schedule": [begin and iso(begin), end and iso(end)],
        "pinned": article.is_pinned,
    }


def desk_of(state: Mapping[str, Any], document: ArticleDocument) -> Desk | None:
    """Return the desk block for a state. The other values are those of the document's block."""
    decision, until, reason = state["decision"]
    begin, end = state["schedule"]
    old = document.desk or Desk()
    desk = Desk(
        decision or None,
        _moment(until),
        reason or None,
        _moment(begin),
        _moment(end),
        state["pinned"] or None,
        old.accepted,
        old.refused,
        old.extra,
    )
    return None if desk == Desk() else desk


def columns(part: str, value: Any) -> dict[str, Any]:
    """Return the columns of one part of a state."""
    if part == "decision":
        decision, until, reason = value
        values: tuple[Any, ...] = (decision, _moment(until), reason)
    elif part == "schedule":
        values = tuple(map(_moment, value))
    else:
        values = (bool(value),)
    return dict(zip(COLUMNS[part], values, strict=True))


def columns_of(taken: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return the columns of the parts that an article takes from its document."""
    found: dict[str, Any] = {}
    for part in COLUMNS:
        if part in taken:
            found |= columns(part, taken[part])
    if taken.keys() & {"decision", "pinned"}:
        found["decided_at"] = at
    return found


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def of_new(
    new: Iterable[Pair], filled: Sequence[Pair], run: ImportRun | None, at: datetime
) -> tuple[dict[int, dict[str, Any]], list[Brought]]:
    """Return the columns that documents decide in new and in filled articles, and the decisions.

    The columns are by primary key and include ``published``. A filled article was coverage-only
    before; an earlier decision about it is kept. One query, and one write for each filled article
    with a desk block; few documents have one.
    """
    found: dict[int, dict[str, Any]] = {}
    brought = []
    for row, incoming in new:
        theirs = of_document(incoming.document, at)
        if taken := {part: theirs[part] for part in COLUMNS if theirs[part] != NONE[part]}:
            after = columns_of(taken, at)
            found[row.pk] = sign(after, run) | forced(after.get("decision", ""))
            brought.append(Brought(row.pk, BLANK, after, None, None, 1))
    documents = {row.pk: incoming.document for row, incoming in filled}
    for article in Article.objects.filter(pk__any_of=sorted(documents)).order_by("pk"):
        ours, theirs = of_article(article, at), of_document(documents[article.pk], at)
        taken = {
            part: theirs[part]
            for part in COLUMNS
            if ours[part] == NONE[part] and theirs[part] != NONE[part]
        }
        after = columns_of(taken, at)
        found[article.pk] = forced(after.get("decision", article.decision))
        if after:
            Article.objects.filter(pk=article.pk).update(**sign(after, run))
            brought.append(Brought(article.pk, stored(article), after, None, None, article.version))
    return found, brought


def sign(values: Mapping[str, Any], run: ImportRun | None) -> dict[str, Any]:
    """Return the columns, with the user who ran the import if there is a decision or a pin."""
    by = {"decided_by_id": run.started_by_id if run else None} if "decided_at" in values else {}
    return {**values, **by}


def forced(decision: str) -> dict[str, bool]:
    """Return the ``published`` that a decision forces."""
    return {"published": decision == "publish"} if decision else {}


def stored(article: Article) -> dict[str, Any]:
    return {name: getattr(article, name) for name in BLANK}


def record(brought: Iterable[Brought], run: ImportRun | None, at: datetime, policy: Policy) -> None:
    """Write the history: one entry for each part that a document decided about an article.

    Call this after the articles are scored.
    """
    brought = list(brought)
    scores = {
        pk: (heat, published)
        for pk, heat, published in Article.objects.filter(
            pk__any_of=sorted(one.article_id for one in brought)
        ).values_list("pk", "heat", "published")
    }
    acts: list[tuple[Any, ...]] = []
    changes: list[tuple[Any, ...]] = []
    entries = [(one, part) for one in brought for part in COLUMNS if COLUMNS[part][0] in one.after]
    by = run.started_by_id if run else None
    for (one, part), pk in zip(entries, bulk.reserve_ids(Act, len(entries)), strict=True):
        names = (*COLUMNS[part], *(_SIGNED if part != "schedule" else ()))
        signed = sign(one.after, run)
        before = {name: one.before[name] for name in names}
        after = {name: signed[name] for name in names}
        verb, permission = _act_of(part, before, after)
        reason = after.get("decision_reason", "")
        run_id = run.pk if run else None
        acts.append((pk, verb.value, at, by, reason, [permission], run_id))
        heat, published = scores[one.article_id]
        # A new article counts as published before if its heat says so.
        was_published = one.published
        if was_published is None:
            was_published = heat is not None and heat >= policy.threshold
        score = (one.heat if one.published is not None else heat, heat, was_published, published)
        changes.append(
            (pk, one.article_id, _plain(before), _plain(after), [], [], *score, one.version)
        )
    bulk.insert(Act, ("id", "verb", "at", "by_id", "reason", "permissions", "run_id"), acts)
    bulk.insert(
        ActChange,
        (
            *("act_id", "article_id", "before", "after", "linked", "unlinked"),
            *("heat_before", "heat_after", "published_before", "published_after", "version"),
        ),
        changes,
    )


def before(run: ImportRun | None, articles: Iterable[Article]) -> dict[int, dict[str, Any]]:
    """Return the columns of articles, by id, without the decisions that an import brought. One query."""
    found = {one.pk: stored(one) for one in articles}
    brought = ActChange.objects.filter(act__run=run, article__in=found)
    brought = brought.exclude(act__verb=Act.Verb.UNIMPORT).order_by("-pk")
    for pk, values in brought.values_list("article", "before"):
        found[pk] |= {
            name: _moment(value) if name in _MOMENTS else value
            for name, value in values.items()
            if name in BLANK
        }
    return found


def _act_of(part: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Act.Verb, str]:
    """Return the verb of one part, and the permission that undoing it needs."""
    if part == "schedule":
        return Act.Verb.SCHEDULE, roles.SCHEDULE
    if part == "pinned":
        return (Act.Verb.PIN if after["is_pinned"] else Act.Verb.UNPIN), roles.PIN
    if after["decision"]:
        return _DECISIONS[after["decision"]]
    return Act.Verb.RELEASE, _DECISIONS.get(before["decision"], _DECISIONS["hold"])[1]


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }

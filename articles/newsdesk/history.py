"""What an article was after each act, rebuilt from what the acts wrote down, and put back.

Acts keep what they changed, before and after, and nothing else. A state is rebuilt backwards from
the present row: the value after an act is that which the act wrote, or else the value that the next
act to touch it found there, or else the present one. Imports write no acts. What one changed between
two acts shows where an act found it (its ``before``), and where no later act touched it as if it had
always been so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from articles import roles
from articles.models import Act, ActChange, Article, Related
from articles.newsdesk.changes import Change, Pair, RefusedError
from articles.newsdesk.performing import decoded
from articles.newsdesk.topics_images import images_of, topics_of
from articles.newsdesk.verbs import DECIDED_BY, EDITABLE, pinned_beside
from articles.scoring import Decision
from providers.models import Provider

START: Final = 0
"""Stands for the state before the first act, where others are named by the id of an act."""

MOST_ACTS: Final = 1_000
"""Decisions that a state is rebuilt from, at most: more would take too long."""

FIELDS: Final = (
    *EDITABLE,
    "quality",
    "decision",
    "decision_until",
    "decision_reason",
    "is_pinned",
    "publish_from",
    "publish_until",
)
"""What every state has. What resolved conflicts changed stands behind these."""

_SIGNATURES: Final = {"decided_by_id", "decided_at", "scored_at"}
_LISTS: Final = ("topics", "images")
_PERMISSIONS: Final = {
    **dict.fromkeys(EDITABLE, roles.EDIT),
    "quality": roles.SCORE,
    "is_pinned": roles.PIN,
    "publish_from": roles.SCHEDULE,
    "publish_until": roles.SCHEDULE,
}
"""The permission to restore each value; resolved conflicts change all others."""


@dataclass(frozen=True, slots=True)
class State:
    """An article at one time: values by column, and links by the other article's id.

    ``values`` may have ``topics`` (ids in order) and ``images`` (as ``snapshot.IMAGE_FIELDS``).
    ``names`` are the articles that it names and their places; ``named_by`` those that name it and
    the places it has there, of which only those are known that an act touched.
    """

    values: Mapping[str, Any]
    names: Mapping[int, int]
    named_by: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The states of an article: ``now``, and by the id of an act, after it. ``START`` is the first."""

    now: State
    after: Mapping[int, State]

    def at(self, act_id: int | None) -> State:
        """Return the state after an act, or for None the present one; raises ``RefusedError``."""
        if act_id is None:
            return self.now
        if act_id not in self.after:
            raise RefusedError(f"No such state is known among the last {MOST_ACTS:,} acts.")
        return self.after[act_id]


def timeline(article: Article, *, since: int = START) -> Timeline:
    """Rebuild the states of an article from the present to that after the act ``since``.

    Two queries, and up to four more where links, topics or images changed.
    """
    rows = list(
        ActChange.objects.filter(article=article, act_id__gte=since).order_by("-act_id")[
            : MOST_ACTS + 1
        ]
    )
    # Acts that only made or cut links to it have nothing in its row.
    echoes = _echoes(
        article, [row.act_id for row in rows if row.linked or row.unlinked or not row.after]
    )
    current = now = _present(article, rows, echoes)
    after = {}
    for row in rows[:MOST_ACTS]:
        echo = echoes.get(row.act_id, _Echo({}, {}))
        current = State(
            {**current.values, **_values(row.after)},
            _relinked(current.names, row.unlinked, row.linked),
            _relinked(current.named_by, echo.unlinked.items(), echo.linked.items()),
        )
        after[row.act_id] = current
        current = State(
            {**current.values, **_values(row.before)},
            _relinked(current.names, row.linked, row.unlinked),
            _relinked(current.named_by, echo.linked.items(), echo.unlinked.items()),
        )
    if since == START and len(rows) <= MOST_ACTS:
        after[START] = current
    return Timeline(now, after)


def restore(article: Article, act_id: int, at: datetime | None = None) -> Change:
    """Make an article what it was after an act; ``START`` is before the first one.

    Needs the permission of each thing that it changes. Links to articles that are gone stay cut,
    a decision whose time is over stays ended. Raises ``RefusedError``.
    """
    at = at or timezone.now()
    states = timeline(article, since=act_id)
    then, now = states.at(act_id), states.now
    columns = _differing(then, now, at)
    lists = {name: columns.pop(name) for name in _LISTS if name in columns}
    unlink = _missing(article, now, then)
    link = _missing(article, then, now)
    versions = dict(
        Article.objects.filter(pk__in={pk for pair in {*link, *unlink} for pk in pair}).values_list(
            "pk", "version"
        )
    )
    link = {pair: place for pair, place in link.items() if versions.keys() >= set(pair)}
    if not (columns or lists or link or unlink):
        raise RefusedError(f"{article.slug} is as it was then.")
    _require_sound(article, columns)
    permissions = _permissions(article, columns)
    if lists:
        permissions.add(roles.RESOLVE)
    if link or unlink:
        permissions.add(roles.RELATE)
    written = {article.pk: columns}
    unpinned = pinned_beside(article) if columns.get("is_pinned") else {}
    return Change(
        Act.Verb.RESTORE,
        frozenset(permissions),
        {**versions, **unpinned, article.pk: article.version},
        {**written, **{pk: {"is_pinned": False} for pk in unpinned}},
        link=frozenset(link),
        unlink=frozenset(unlink),
        positions=link,
        topics={article.pk: lists["topics"]} if "topics" in lists else {},
        images={article.pk: lists["images"]} if "images" in lists else {},
    )


def texts_at(article: Article, version: int) -> Mapping[str, str] | None:
    """Return the texts that an article had at an earlier version; None where that is not known.

    It is known where acts alone made every version since: imports keep no history.
    """
    rows = ActChange.objects.filter(article=article, version__gt=version).order_by("act_id")
    found = list(rows[:MOST_ACTS])
    versions = {row.version for row in found if row.is_decided}
    if versions != set(range(version + 1, article.version + 1)):
        return None
    texts = {name: str(getattr(article, name)) for name in EDITABLE}
    for row in reversed(found):
        texts |= {name: text for name, text in row.before.items() if name in texts}
    return texts


@dataclass(frozen=True, slots=True)
class _Echo:
    """The links to an article that one act made and cut: the namer's id and the place there."""

    linked: dict[int, int]
    unlinked: dict[int, int]


def _echoes(article: Article, act_ids: Sequence[int]) -> dict[int, _Echo]:
    found: dict[int, _Echo] = defaultdict(lambda: _Echo({}, {}))
    if act_ids:
        others = ActChange.objects.filter(act__in=act_ids).exclude(article=article)
        others = others.exclude(linked=[], unlinked=[])
        for act_id, namer, linked, unlinked in others.values_list(
            "act_id", "article_id", "linked", "unlinked"
        ):
            places = found[act_id]
            places.linked.update((namer, at) for target, at in linked if target == article.pk)
            places.unlinked.update((namer, at) for target, at in unlinked if target == article.pk)
    return dict(found)


def _present(article: Article, rows: Iterable[ActChange], echoes: Mapping[int, _Echo]) -> State:
    touched = {name for row in rows for name in row.before} - _SIGNATURES
    columns = [name for name in dict.fromkeys((*FIELDS, *sorted(touched))) if name not in _LISTS]
    values = {name: getattr(article, name) for name in columns}
    if "topics" in touched:
        values["topics"] = topics_of([article.pk])[article.pk]
    if "images" in touched:
        values["images"] = images_of([article.pk])[article.pk]
    namers = {pk for echo in echoes.values() for pk in (*echo.linked, *echo.unlinked)}
    named_by = Related.objects.filter(target=article, article__in=namers) if namers else ()
    return State(
        values,
        dict(article.related_links.order_by("position").values_list("target_id", "position")),
        {link.article_id: link.position for link in named_by},
    )


def _values(stored: Mapping[str, Any]) -> dict[str, Any]:
    values = decoded({name: value for name, value in stored.items() if name not in _SIGNATURES})
    return values | {name: stored[name] for name in _LISTS if name in stored}


def _relinked(
    links: Mapping[int, int], cut: Iterable[Sequence[int]], made: Iterable[Sequence[int]]
) -> dict[int, int]:
    relinked = dict(links)
    for pk, _ in cut:
        relinked.pop(pk, None)
    relinked.update((pk, at) for pk, at in made)
    return relinked


def _differing(then: State, now: State, at: datetime) -> dict[str, Any]:
    """Return the values to put back. A decision goes with its time, and its reason with neither."""
    values = dict(then.values)
    values.pop("decision_reason")
    until = values["decision_until"]
    if until is not None and until <= at:
        values |= {"decision": Decision.NONE.value, "decision_until": None}
    differing = {name for name, value in values.items() if now.values[name] != value}
    for pair in (("decision", "decision_until"), ("publish_from", "publish_until")):
        if differing.intersection(pair):
            differing.update(pair)
    return {name: value for name, value in values.items() if name in differing}


def _missing(article: Article, one: State, other: State) -> dict[Pair, int]:
    """Return the links of ``one`` that ``other`` has not, or has in another place."""
    names = {
        (article.pk, pk): place for pk, place in one.names.items() if other.names.get(pk) != place
    }
    named_by = {
        (pk, article.pk): place
        for pk, place in one.named_by.items()
        if other.named_by.get(pk) != place
    }
    return names | named_by


def _require_sound(article: Article, columns: Mapping[str, Any]) -> None:
    """Refuse what imports in between have made impossible."""
    web = columns.get("web_url", article.web_url)
    if not (web or columns.get("original_url", article.original_url)):
        raise RefusedError(f"{article.slug} would have no address: its document gave it another.")
    provider = columns.get("provider_id")
    if provider is not None and not Provider.objects.filter(pk=provider).exists():
        raise RefusedError(f"{article.slug} had a provider then that is gone.")


def _permissions(article: Article, columns: Mapping[str, Any]) -> set[str]:
    needed = {
        _PERMISSIONS.get(name, roles.RESOLVE)
        for name in columns
        if name not in {"decision", "decision_until"}
    }
    if "decision" in columns:
        decisions = {columns["decision"], article.decision} - {Decision.NONE.value}
        needed |= {DECIDED_BY[decision] for decision in decisions}
    return needed

"""Rebuild earlier states of an article from its history, and restore them.

The history has only the values that decisions changed, before and after. A state is rebuilt
backward from the current row: the value after a decision is the one that it wrote, or else the one
that the next decision found, or else the current one. Imports write no history. If an import
changed a value, the new value appears as the ``before`` of the next decision that changes it. If
there is no such decision, the value seems never to have changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final

from articles import roles
from articles.models import Act, ActChange, Article, Related
from articles.newsdesk.changes import Change, Pair, RefusedError
from articles.newsdesk.performing import decoded
from articles.newsdesk.topics_images import images_of, topics_of
from articles.newsdesk.verbs import DECIDED_BY, EDITABLE, pinned_beside
from articles.scoring import Decision
from newsroom import database_clock
from providers.models import Provider

START: Final = 0
"""The key of the state before the first decision; the key of any other state is the id of an
act."""

MOST_ACTS: Final = 1_000
"""The most decisions from which a state is rebuilt; more would take too long."""

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
"""The columns of every state. Other values that resolved conflicts changed come after these."""

_Links = dict[int, dict[Pair, int]]
SIGNATURES: Final = {"decided_by_id", "decided_at", "scored_at"}
"""Columns for who decided and when, which the history shows anyway."""
_LISTS: Final = ("topics", "images")
_PERMISSIONS: Final = {
    **dict.fromkeys(EDITABLE, roles.EDIT),
    "quality": roles.SCORE,
    "is_pinned": roles.PIN,
    "publish_from": roles.SCHEDULE,
    "publish_until": roles.SCHEDULE,
}
"""The permission needed to restore each value; only resolved conflicts change the other values."""


@dataclass(frozen=True, slots=True)
class State:
    """An article at one point in time: its values by column, and the positions of links by
    (article, target).

    ``values`` may have ``topics`` (ids in order) and ``images`` (as ``documents.marks.IMAGE_FIELDS``). Links to
    the article are known only if an act touched them.
    """

    article_id: int
    values: Mapping[str, Any]
    links: Mapping[Pair, int]

    @property
    def names(self) -> dict[int, int]:
        """The position of each article that it links to, by id."""
        return {pk: at for (namer, pk), at in self.links.items() if namer == self.article_id}

    @property
    def named_by(self) -> dict[int, int]:
        """Its position in each article that links to it, by id."""
        return {pk: at for (pk, target), at in self.links.items() if target == self.article_id}


@dataclass(frozen=True, slots=True)
class Timeline:
    """The states of an article: ``now``, and the state after each act, by its id.

    ``START`` is the first.
    """

    now: State
    after: Mapping[int, State]

    def at(self, act_id: int | None) -> State:
        """Return the state after an act, or the current state for None.

        Raise ``RefusedError`` if unknown.
        """
        if act_id is None:
            return self.now
        if act_id not in self.after:
            raise RefusedError(f"No such state is known among the last {MOST_ACTS:,} acts.")
        return self.after[act_id]


def timeline(article: Article, *, since: int = START) -> Timeline:
    """Rebuild the states of an article from now back to the state after the act ``since``.

    Two queries, and up to four more if links, topics or images changed.
    """
    rows = list(
        ActChange.objects.filter(article=article, act_id__gte=since).order_by("-act_id")[
            : MOST_ACTS + 1
        ]
    )
    made, cut = _relinked(article, rows)
    current = now = _present(article, rows, {*chain(*made.values(), *cut.values())})
    after = {}
    for row in rows[:MOST_ACTS]:
        linked, unlinked = made[row.act_id], cut[row.act_id]
        current = after[row.act_id] = _changed(current, row.after, unlinked, linked)
        current = _changed(current, row.before, linked, unlinked)
    if since == START and len(rows) <= MOST_ACTS:
        after[START] = current
    return Timeline(now, after)


def restore(article: Article, act_id: int, at: datetime | None = None) -> Change:
    """Return the change that restores the state after an act; ``START`` is before the first one.

    The change needs the permission for each value that it restores. Links to deleted articles and
    expired decisions are not restored. Raise ``RefusedError`` if it is not possible.
    """
    at = at or database_clock.now()
    states = timeline(article, since=act_id)
    then, now = states.at(act_id), states.now
    columns = _differing(then, now, at)
    lists = {name: columns.pop(name) for name in _LISTS if name in columns}
    unlink = _missing(now, then)
    link = _missing(then, now)
    versions = dict(
        Article.objects.filter(pk__in={pk for pair in {*link, *unlink} for pk in pair}).values_list(
            "pk", "version"
        )
    )
    link = {pair: place for pair, place in link.items() if versions.keys() >= set(pair)}
    if not (columns or lists or link or unlink):
        raise RefusedError(f"{article.slug} is already in that state.")
    _require_sound(article, columns)
    permissions = _permissions(article, columns)
    if lists:
        permissions.add(roles.RESOLVE)
    if link or unlink:
        permissions.add(roles.RELATE)
    unpinned = pinned_beside(article) if columns.get("is_pinned") else {}
    return Change(
        Act.Verb.RESTORE,
        frozenset(permissions),
        {**versions, **unpinned, article.pk: article.version},
        {article.pk: columns, **{pk: {"is_pinned": False} for pk in unpinned}},
        link=frozenset(link),
        unlink=frozenset(unlink),
        positions=link,
        topics={article.pk: lists["topics"]} if "topics" in lists else {},
        images={article.pk: lists["images"]} if "images" in lists else {},
    )


def texts_at(article: Article, version: int) -> Mapping[str, str] | None:
    """Return the texts of an article at an earlier version, or None if unknown.

    They are known only if no import has changed the article since, because imports keep no history.
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


def _relinked(article: Article, rows: Sequence[ActChange]) -> tuple[_Links, _Links]:
    """Return the links from and to an article that each act made and cut, by the act's id."""
    changes = [*rows]
    # If an act only made or cut links to the article, the article's row has no values.
    acts = [row.act_id for row in rows if row.linked or row.unlinked or not row.after]
    if acts:
        others = ActChange.objects.filter(act__in=acts).exclude(article=article)
        others = others.exclude(linked=[], unlinked=[])
        changes += others.only("act_id", "article_id", "linked", "unlinked")
    made: _Links = defaultdict(dict)
    cut: _Links = defaultdict(dict)
    for one in changes:
        for found, links in ((made[one.act_id], one.linked), (cut[one.act_id], one.unlinked)):
            pairs = {(one.article_id, target): at for target, at in links}
            found.update({pair: at for pair, at in pairs.items() if article.pk in pair})
    return made, cut


def _present(article: Article, rows: Iterable[ActChange], relinked: Iterable[Pair]) -> State:
    touched = {name for row in rows for name in row.before} - SIGNATURES
    columns = [name for name in dict.fromkeys((*FIELDS, *sorted(touched))) if name not in _LISTS]
    values = {name: getattr(article, name) for name in columns}
    if "topics" in touched:
        values["topics"] = topics_of([article.pk])[article.pk]
    if "images" in touched:
        values["images"] = images_of([article.pk])[article.pk]
    namers = {namer for namer, _ in relinked} - {article.pk}
    named_by = Related.objects.filter(target=article, article__in=namers) if namers else ()
    links = [*article.related_links.order_by("position"), *named_by]
    places = {(link.article_id, link.target_id): link.position for link in links}
    return State(article.pk, values, places)


def _changed(
    state: State, stored: Mapping[str, Any], cut: Mapping[Pair, int], made: Mapping[Pair, int]
) -> State:
    """Return a state with the values of an act, without the links in ``cut`` and with those in
    ``made``.
    """
    values = decoded({name: value for name, value in stored.items() if name not in SIGNATURES})
    lists = {name: stored[name] for name in _LISTS if name in stored}
    links = {pair: at for pair, at in state.links.items() if pair not in cut}
    return State(state.article_id, {**state.values, **values, **lists}, {**links, **made})


def _differing(then: State, now: State, at: datetime) -> dict[str, Any]:
    """Return the values to restore. A decision includes its end, but not its reason."""
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


def _missing(one: State, other: State) -> dict[Pair, int]:
    """Return the links of ``one`` that ``other`` lacks or has in another position."""
    return {pair: at for pair, at in one.links.items() if other.links.get(pair) != at}


def _require_sound(article: Article, columns: Mapping[str, Any]) -> None:
    """Refuse changes that later imports have made impossible."""
    web = columns.get("web_url", article.web_url)
    if not (web or columns.get("original_url", article.original_url)):
        raise RefusedError(f"{article.slug} would have no URL: its document has another one.")
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

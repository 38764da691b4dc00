"""Preview, make and undo decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max

from articles import heat
from articles.addresses import renew_keys
from articles.importing import decisions, merging, snapshot
from articles.models import (
    Act,
    ActChange,
    Article,
    ArticleTopic,
    ImportConflict,
    Related,
    Unsuggested,
    verdict,
)
from articles.models import (
    Pair as SuggestedPair,
)
from articles.models.act import SUGGESTED
from articles.models.verdict import OPEN
from articles.newsdesk import conflicts, verdicts
from articles.newsdesk.changes import Change, Pair, RefusedError
from articles.newsdesk.effects import Consequence, Effects, effects
from articles.newsdesk.topics_images import images_of, replace_lists, topics_of
from newsroom import bulk, database_clock
from newsroom.plain_text import without_controls

_Positions = dict[Pair, int]


def may(user: User | AnonymousUser, change: Change) -> bool:
    """Return whether a user has every permission that a change needs."""
    return user.has_perms(change.permissions)


def consequences(change: Change, at: datetime | None = None) -> list[Consequence]:
    """Return every article whose heat, lead or visibility would change, hottest first.

    Write nothing. Raise ``StaleError`` if ``perform`` would.
    """
    return effects(change, heat.current_policy(), at or database_clock.now()).consequences


def perform(
    change: Change, *, by: User | None, reason: str = "", at: datetime | None = None
) -> Act:
    """Make a decision: write ``change``, recompute what it affects, and record it, in one transaction.

    ``by`` is None for an operator's command. Raise ``PermissionDenied`` if the user lacks a
    permission, and ``StaleError`` if an article changed after it was read. In both cases nothing is
    written.
    """
    at = at or database_clock.now()
    if by is not None and not may(by, change):
        raise PermissionDenied
    reason = without_controls(reason)
    change = _signed(change, by, reason, at)
    with transaction.atomic():
        bulk.hold_write_lock()
        found = effects(change, heat.current_policy(), at)
        stored = _stored(change.columns)
        lists = replace_lists(change)
        unlinked = _unlink(change.unlink)
        versions = _write(change, found, at)
        Unsuggested.objects.add_changed(change.columns)
        Unsuggested.objects.add(change.images)
        linked = _link(change)
        given = verdicts.give(change, by.pk if by else None, at)
        act = Act.objects.create(
            verb=change.verb,
            at=at,
            by=by,
            reason=reason,
            permissions=sorted(change.permissions),
            undoes_id=change.undoes,
        )
        _record(act, change, found, stored, lists, versions, linked, unlinked, given)
        ImportConflict.objects.filter(pk__in=change.resolves, resolved_at=None).update(
            resolved_at=at, resolved_by=by, act=act
        )
        _settle_conflicts(act, change, at)
        if change.undoes:
            _reopen_conflicts(change.undoes)
    return act


def _settle_conflicts(act: Act, change: Change, at: datetime) -> None:
    """End the conflicts that a decision resolves: both sides agree, or the edit was reverted.

    In the second case the article follows its source again, as if nobody had edited it. This is a
    separate decision of the system, which can be undone.
    """
    opened = ImportConflict.objects.filter(article__in=change.decided, resolved_at=None)
    for conflict in opened.order_by("pk"):
        if not _touches(change, conflict):
            continue
        article = Article.objects.select_related("provider").get(pk=conflict.article_id)
        state = snapshot.of_article(article) | decisions.of_article(article, at)
        ours = state.get(conflict.field)
        if snapshot.alike(ours, conflict.source):
            ImportConflict.objects.filter(pk=conflict.pk).update(
                resolved_at=at, resolved_by=act.by, act=act, note=merging.AGREED
            )
        elif snapshot.alike(ours, conflict.before):
            conflict.article = article
            choices = [(conflict, conflicts.Choice.SOURCE)]
            try:
                with transaction.atomic():
                    conflicts.name_coverage(choices, at)
                    follow = conflicts.resolve(choices)
                    perform(follow, by=None, reason=merging.TAKEN_BACK, at=at)
            except RefusedError:
                # The source's value cannot be taken any more: somebody has to choose.
                continue
            ImportConflict.objects.filter(pk=conflict.pk).update(note=merging.TAKEN_BACK)


def _touches(change: Change, conflict: ImportConflict) -> bool:
    """Return whether a change sets the field of a conflict."""
    pk, name = conflict.article_id, conflict.field
    if name == "related":
        return any(article == pk for article, _ in change.link | change.unlink)
    if name in {"topics", "images"}:
        return pk in getattr(change, name)
    columns = decisions.COLUMNS.get(name, ("provider_id" if name == "provider" else name,))
    return not change.columns.get(pk, {}).keys().isdisjoint(columns)


def undo(act: Act) -> Change:
    """Return the change that undoes a decision.

    Raise ``RefusedError`` if it was already undone, or if something that it changed was changed
    again, because the later change would be lost.
    """
    if Act.objects.filter(undoes=act).exists():
        raise RefusedError("That was undone already.")
    changes = [one for one in act.changes.select_related("article") if one.is_decided]
    if later := _changed_since(act, changes):
        raise RefusedError(
            f"{', '.join(later)}: changed again since then. Undoing this would undo that as well. "
            "Its history can restore what you want."
        )
    back = {
        (one.article_id, target): position for one in changes for target, position in one.unlinked
    }
    return Change(
        Act.Verb.UNDO,
        frozenset(act.permissions),
        {one.article_id: one.article.version for one in changes},
        {
            one.article_id: decoded(one.before)
            for one in changes
            if one.before or not (one.linked or one.unlinked or one.verdicts)
        },
        link=frozenset(back),
        unlink=frozenset((one.article_id, target) for one in changes for target, _ in one.linked),
        positions=back,
        undoes=act.pk,
        topics={one.article_id: one.before["topics"] for one in changes if "topics" in one.before},
        images={one.article_id: one.before["images"] for one in changes if "images" in one.before},
        verdicts={
            pair: before
            for one in changes
            for pair, (before, _) in verdict.from_json(one.article_id, one.verdicts).items()
        },
    )


def _changed_since(act: Act, changes: Sequence[ActChange]) -> list[str]:
    """Return the slugs of articles that were changed again after the decision."""
    linked = {(one.article_id, target) for one in changes for target, _ in one.linked}
    unlinked = {(one.article_id, target) for one in changes for target, _ in one.unlinked}
    there = {(link.article_id, link.target_id) for link in _links_between(linked | unlinked)}
    lists = (
        ("topics", topics_of(one.article_id for one in changes if "topics" in one.after)),
        ("images", images_of(one.article_id for one in changes if "images" in one.after)),
    )
    # A link in both lists has only moved.
    otherwise = {article for article, _ in (linked - there) | ((unlinked - linked) & there)}
    given = {
        pair: after
        for one in changes
        for pair, (_, after) in verdict.from_json(one.article_id, one.verdicts).items()
    }
    now = SuggestedPair.objects.verdicts(given)
    for pair, after in given.items():
        present = now.get(pair, OPEN)
        if (present.value, present.at) != (after.value, act.at if after.value else None):
            otherwise.update(pair)
    return sorted(
        one.article.slug
        for one in changes
        if one.article_id in otherwise
        or any(getattr(one.article, name) != value for name, value in decoded(one.after).items())
        or any(
            one.after[name] != found[one.article_id] for name, found in lists if name in one.after
        )
    )


def encoded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def decoded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return column values decoded from JSON, without the lists. This reverses ``encoded``."""
    fields = {field.attname: field for field in Article._meta.concrete_fields}
    return {name: fields[name].to_python(value) for name, value in values.items() if name in fields}


def _signed(change: Change, by: User | None, reason: str, at: datetime) -> Change:
    """Return the change with the columns that say who decided, when and why."""
    if change.undoes:
        # An undo restores the former positions.
        return change
    columns: dict[int, dict[str, Any]] = {}
    for pk, values in change.columns.items():
        columns[pk] = signed = dict(values)
        if "quality" in values:
            signed["scored_at"] = at
        if "decision" in values or "is_pinned" in values:
            signed |= {"decided_by_id": by.pk if by else None, "decided_at": at}
        if "decision" in values:
            signed["decision_reason"] = reason
    by_id = by.pk if by else None
    said = {pair: one._replace(by_id=by_id, at=at) for pair, one in change.verdicts.items()}
    return replace(change, columns=columns, verdicts=said)


def _stored(columns: Mapping[int, Mapping[str, Any]]) -> dict[int, dict[str, Any]]:
    names = {name for values in columns.values() for name in values}
    rows = Article.objects.filter(pk__any_of=sorted(columns)).values("pk", *names)
    return {row["pk"]: row for row in rows}


def _write(change: Change, found: Effects, at: datetime) -> dict[int, int]:
    """Write the columns of all affected articles and return their new versions."""
    decided = change.decided
    rows: dict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
    versions = {}
    for pk in sorted(decided.union(found.columns)):
        values = dict(found.columns.get(pk, {}))
        versions[pk] = found.before[pk].version
        # If only the heat changes, nobody's edit can be overwritten.
        if pk in decided or "decision" in values:
            versions[pk] += 1
            values |= {"version": versions[pk], "changed_at": at}
        names = tuple(sorted(values))
        rows[names].append((*(values[name] for name in names), pk))
    for names, values_of in rows.items():
        bulk.update(Article, names, values_of)
    renew_keys(
        pk for pk, columns in change.columns.items() if {"web_url", "original_url"} & columns.keys()
    )
    for pk, columns in change.columns.items():
        if "published_at" in columns:
            # The topic links have a copy of these columns.
            topics = ArticleTopic.objects.filter(article=pk)
            topics.update(published_at=columns["published_at"])
    return versions


def _unlink(pairs: Iterable[Pair]) -> _Positions:
    """Remove links and return their positions."""
    links = {(link.article_id, link.target_id): link for link in _links_between(pairs)}
    cut = {pair: links[pair] for pair in pairs if pair in links}
    if not cut:
        # On PostgreSQL, even a statement that deletes nothing begins another edition.
        return {}
    Related.objects.filter(pk__any_of=[link.pk for link in cut.values()]).delete()
    return {pair: link.position for pair, link in cut.items()}


def _links_between(pairs: Iterable[Pair]) -> Iterable[Related]:
    pairs = list(pairs)
    if not pairs:
        return []
    articles, targets = ({pair[side] for pair in pairs} for side in (0, 1))
    return Related.objects.filter(article__any_of=sorted(articles), target__any_of=sorted(targets))


def _link(change: Change) -> _Positions:
    """Add missing links after the existing ones and return their positions."""
    there = {(link.article_id, link.target_id) for link in _links_between(change.link)}
    missing = sorted(change.link - there)
    if not missing:
        return {}
    articles = sorted({article for article, _ in missing})
    last = Related.objects.filter(article__any_of=articles).values_list("article_id")
    following = {pk: position + 1 for pk, position in last.annotate(Max("position"))}
    placed = {}
    for pair in missing:
        if pair in change.positions:
            placed[pair] = change.positions[pair]
        else:
            placed[pair] = following.get(pair[0], 0)
            following[pair[0]] = placed[pair] + 1
    Related.objects.bulk_create(
        Related(article_id=article, target_id=target, position=position)
        for (article, target), position in placed.items()
    )
    return placed


def _record(
    act: Act,
    change: Change,
    found: Effects,
    stored: Mapping[int, Mapping[str, Any]],
    lists: Mapping[int, Mapping[str, Any]],
    versions: Mapping[int, int],
    linked: _Positions,
    unlinked: _Positions,
    given: verdict.Given,
) -> None:
    """Write the history: the articles of the decision, and those whose heat it changed."""
    # Record both ends of a link, so that a coverage-only article's history shows why a link is
    # gone.
    about = change.decided | {target for _, target in change.link | change.unlink}
    about.update(pk for pair in given for pk in pair)
    suggested = {SUGGESTED: True} if change.is_suggested else {}
    rows = []
    for pk in sorted({*versions, *about}):
        before, after = found.before[pk], found.after[pk]
        scores = (before.heat, before.published), (after.heat, after.published)
        if pk not in about and scores[0] == scores[1]:
            continue
        values = change.columns.get(pk, {})
        lists_before = dict(lists.get(pk, {}))
        lists_after = {name: list(getattr(change, name)[pk]) for name in lists_before}
        rows.append(
            ActChange(
                act=act,
                article_id=pk,
                before=encoded({name: stored[pk][name] for name in values}) | lists_before,
                after=encoded(values) | lists_after | suggested,
                linked=[[target, at] for (article, target), at in linked.items() if article == pk],
                unlinked=[
                    [target, at] for (article, target), at in unlinked.items() if article == pk
                ],
                verdicts=verdict.as_json(pk, given),
                heat_before=before.heat,
                heat_after=after.heat,
                published_before=before.published,
                published_after=after.published,
                version=versions.get(pk, before.version),
            )
        )
    ActChange.objects.bulk_create(rows, batch_size=500)


def _reopen_conflicts(act_id: int) -> None:
    """Reopen the conflicts that a decision resolved, unless an import found newer ones."""
    for conflict in ImportConflict.objects.filter(act=act_id):
        waiting = ImportConflict.objects.filter(
            article=conflict.article_id, field=conflict.field, resolved_at=None
        )
        if not waiting.exists():
            ImportConflict.objects.filter(pk=conflict.pk).update(
                resolved_at=None, resolved_by=None, act=None, note=""
            )

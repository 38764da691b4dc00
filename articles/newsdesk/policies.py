"""Try a policy on the whole archive, apply it, and recompute the archive in pieces.

Once a version is stored, every later computation uses it. ``continue_policy`` recomputes all other
articles. It may be stopped at any point and continued later::

    trial = newsdesk.try_policy(policy)             # what it would change; writes nothing
    version = newsdesk.apply_policy(policy, by=user, reason="a calmer front page")
    while version.finished_at is None:
        version = newsdesk.continue_policy(version)
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Final

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from articles import heat, roles
from articles.documents import MAX_QUALITY
from articles.heat import Outcome
from articles.models import Article, PolicyVersion
from articles.newsdesk.changes import RefusedError
from articles.newsdesk.effects import Consequence, Standing
from articles.scoring import Decision, Policy, Receipt
from newsroom import bulk, database_clock

SHOWN: Final = 100
"""How many examples of each kind a trial has; the counts include all articles."""
LOOK: Final = 10_000
"""How many articles a trial reads at a time. It holds no lock, and fewer queries take less time."""
PIECE: Final = 1_000
"""How many articles are updated at a time while a policy is applied. A decision may have to wait
for one piece."""


class StalePolicyError(RefusedError):
    """Somebody else applied another policy in the meantime."""


@dataclass(frozen=True, slots=True)
class Group:
    """Articles that a policy changes in the same way: their number, and the hottest ones."""

    count: int
    examples: list[Consequence]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a policy would change.

    An article leads if it is published, not superseded, and has coverage: related articles that
    readers can see. An article that is newly published and becomes a lead is in both
    groups. ``heat_only`` counts the articles in no group whose heat changes. ``looked_at`` counts
    all articles except coverage-only ones. ``against`` is the id of the version in force, 0 for the
    defaults.
    """

    policy: Policy
    against: int
    looked_at: int
    changed: int
    heat_only: int
    groups: Mapping[str, Group]
    """The groups, by the names in ``_GROUPS``."""


_GROUPS: Final[Mapping[str, Callable[[Outcome], bool]]] = {
    "published": lambda one: one.policy_published and not one.published,
    "unpublished": lambda one: one.published and not one.policy_published,
    "lead_gained": lambda one: one.policy_leads and not one.leads,
    "lead_lost": lambda one: one.leads and not one.policy_leads,
}
"""The groups; what readers notice most comes first."""


def try_policy(
    policy: Policy,
    at: datetime | None = None,
    shown: int = SHOWN,
    progress: Callable[[int], object] = lambda articles: None,
) -> Trial:
    """Return everything that ``policy`` would change, without writing; ``bench/policy.py`` measures
    the cost.

    This reads piece by piece without a lock. An article that changes meanwhile counts with its old
    or new values. ``progress`` is called with the number of articles just read. Raise
    ``RefusedError`` for numbers out of range.
    """
    _check(policy)
    at = at or database_clock.now()
    against = _version_in_force()
    looked_at = changed = heat_only = 0
    counts = dict.fromkeys(_GROUPS, 0)
    # Sort by heat before or after, hottest first, then by id, newest first.
    hottest: dict[str, list[tuple[int, int]]] = {name: [] for name in _GROUPS}
    for outcomes in heat.outcomes(Article.objects.all(), policy, at, LOOK):
        differing = [one for one in outcomes if one.differs]
        for name, is_in_group in _GROUPS.items():
            found = [
                (max(one.heat or 0, one.policy_heat or 0), one.article_id)
                for one in differing
                if is_in_group(one)
            ]
            counts[name] += len(found)
            hottest[name] = heapq.nlargest(shown, hottest[name] + found)
        changed += len(differing)
        heat_only += sum(not any(test(one) for test in _GROUPS.values()) for one in differing)
        looked_at += len(outcomes)
        progress(len(outcomes))
    examples = _consequences({pk for best in hottest.values() for _, pk in best}, policy, at)
    groups = {
        # Leave out articles that were deleted in the meantime.
        name: Group(counts[name], [examples[pk] for _, pk in best if pk in examples])
        for name, best in hottest.items()
    }
    return Trial(policy, against, looked_at, changed, heat_only, groups)


def apply_policy(
    policy: Policy,
    *,
    by: User | None,
    reason: str = "",
    at: datetime | None = None,
    against: int | None = None,
) -> PolicyVersion:
    """Apply a policy to every decision and import from now on; ``continue_policy`` does the rest.

    ``by`` is None for an operator's command. Raise ``PermissionDenied`` if the user lacks
    ``roles.POLICY``. ``against``, if given, is the trial's ``against``: raise ``StalePolicyError``
    if another version is in force. Raise ``RefusedError`` if the numbers are already in force or
    out of range. To restore an older version, apply its numbers again.
    """
    if by is not None and not by.has_perm(roles.POLICY):
        raise PermissionDenied
    _check(policy)
    with transaction.atomic():
        # Wait for decisions that began under the previous policy.
        bulk.hold_write_lock()
        if against is not None and against != _version_in_force():
            raise StalePolicyError("Somebody has applied another policy since you opened this.")
        if policy == heat.current_policy():
            raise RefusedError("These numbers are already in force.")
        return PolicyVersion.objects.create(
            threshold=policy.threshold,
            bonus=policy.bonus,
            minimum=policy.minimum,
            at=at or database_clock.now(),
            by=by,
            reason=reason,
        )


def continue_policy(
    version: PolicyVersion, at: datetime | None = None, seconds: float = 2.0
) -> PolicyVersion:
    """Continue to recompute what a version changes, for about ``seconds``, at least one piece.

    Return the version as it is stored afterwards: ``applied_to`` is its progress, and
    ``finished_at`` is set once it has reached all articles. It is safe to stop this anywhere or to
    run it twice at once. Raise ``RefusedError`` for any version but the latest.
    """
    at = at or database_clock.now()
    end = monotonic() + seconds
    while version.finished_at is None:
        version = _do_piece(version, at)
        if monotonic() >= end:
            break
    return version


def unfinished_policy() -> PolicyVersion | None:
    """Return the version in force if part of the archive is left to recompute. One query."""
    version = PolicyVersion.objects.first()
    return version if version and version.finished_at is None else None


def policy_progress(version: PolicyVersion) -> float:
    """Return what part of the archive a version has reached, from 0 to 1. One query."""
    if version.finished_at is not None:
        return 1.0
    last = Article.objects.order_by("-pk").values_list("pk", flat=True).first()
    return min((version.applied_to or 0) / last, 1.0) if last else 0.0


def _do_piece(version: PolicyVersion, at: datetime) -> PolicyVersion:
    """Recompute one piece of the archive and store the progress."""
    beyond = Article.objects.filter(pk__gt=version.applied_to or 0)
    # Read before taking the lock, because changes from here on already use this version.
    piece = next(heat.outcomes(beyond, version.policy, at, PIECE), [])
    with transaction.atomic():
        bulk.hold_write_lock()
        stored = PolicyVersion.objects.select_related("by").get(pk=version.pk)
        if stored.pk != _version_in_force():
            raise RefusedError(f"Another policy is in force by now, not this one: {stored}.")
        if piece:
            wrong = [one.article_id for one in piece if one.differs]
            heat.recompute(wrong, stored.policy, at, names=False)
            # Another process may have got further with the same version.
            stored.applied_to = max(piece[-1].article_id, stored.applied_to or 0)
        elif stored.finished_at is None:
            stored.finished_at = at
        stored.save(update_fields=["applied_to", "finished_at"])
    return stored


def _version_in_force() -> int:
    return PolicyVersion.objects.values_list("pk", flat=True).first() or 0


def _check(policy: Policy) -> None:
    for name in ("threshold", "bonus", "minimum"):
        value = getattr(policy, name)
        if not 0 <= value <= MAX_QUALITY:
            raise RefusedError(f"The {name} goes from 0 to {MAX_QUALITY:,}, not {value}.")


def _consequences(
    article_ids: Iterable[int], policy: Policy, at: datetime
) -> dict[int, Consequence]:
    """Return the articles' states before and after, without the leads of superseded ones.

    Three queries.
    """
    ids = sorted(article_ids)
    receipts = heat.receipts(ids, policy, at)
    articles = Article.objects.filter(pk__any_of=ids, coverage_only=False)
    articles = articles.select_related("provider").defer(
        "excerpt", "excerpt_words", "body", "featured_content"
    )
    return {
        article.pk: _consequence(article, receipts[article.pk], at)
        for article in articles
        if article.pk in receipts
    }


def _consequence(article: Article, receipt: Receipt, at: datetime) -> Consequence:
    before = Standing(article.state_at(at), article.heat, None)
    article.heat, article.published = receipt.heat, receipt.published
    if receipt.article.decision is Decision.NONE:
        # The decision may have expired.
        article.decision = Decision.NONE.value
    after = Standing(article.state_at(at), article.heat, None)
    name = article.provider.name
    return Consequence(article.pk, article.slug, article.headline, name, before, after, receipt)

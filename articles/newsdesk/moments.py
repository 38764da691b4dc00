"""Recompute stories when articles come into sight or go out of it without a write.

Embargoes and decisions end, articles expire, and future dates arrive. Readers see this at once,
because pages check the time. But scores are stored, so they must be computed again, for the article
and those that relate to it. ``Clock`` stores the progress, and indexes find what is due since then.
So nothing is lost if a tick is missed or the worker is down for days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q, QuerySet

from articles import heat
from articles.models import Article, Clock, Related
from articles.scoring import GRACE
from newsroom import bulk, database_clock

PIECE: Final = 1_000
"""How many articles to recompute in one transaction. A decision may have to wait for one."""
_LATE: Final = timedelta(hours=1)
"""The longest time from computing a heat to its commit, because a transaction may span a moment."""


def is_due(at: datetime | None = None) -> bool:
    """Return whether a moment has passed since the last ``catch_up``. At most two queries."""
    clock = Clock.objects.first()
    return clock is None or bool(_due(clock.passed_until, at or database_clock.now())[:1])


def catch_up(
    at: datetime | None = None, is_stopped: Callable[[], bool] = lambda: False
) -> list[str]:
    """Recompute what changes by ``at``; return the slugs of changed articles.

    This works in pieces, each in its own transaction. It may be killed at any time and run twice at
    once: articles that are up to date are not written again.
    """
    at = at or database_clock.now()
    clock = Clock.objects.first()
    since = clock.passed_until - _LATE if clock else None
    changed: list[str] = []
    for due in _pieces(sorted(set(_due(since, at)))):
        naming = Related.objects.filter(target__any_of=due).order_by()
        affected = sorted({*due, *naming.values_list("article_id", flat=True)})
        for piece in _pieces(affected):
            if is_stopped():
                return changed
            with transaction.atomic():
                bulk.hold_write_lock()
                changed += [one.slug for one in heat.follow_sight(piece, at=at)]
    Clock.objects.update_or_create(pk=Clock.ONLY, defaults={"passed_until": at})
    return changed


def _pieces(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[first : first + PIECE] for first in range(0, len(ids), PIECE))


def _due(since: datetime | None, at: datetime) -> QuerySet[Any, int]:
    """Return the ids of articles with a moment after ``since`` and until ``at``, some of them twice.

    Without ``since``, return all that have a schedule, were dated in the future, or whose decision
    ended.
    """
    conditions: tuple[Q, ...] = (
        _passed("publish_from", since, at),
        _passed("publish_until", since, at),
        # Reads the whole table, but only once.
        Q(published_at__gt=F("created_at"))
        if since is None
        else _passed("published_at", since + GRACE, at + GRACE),
        # Decisions that have ended are removed, however long ago that was.
        Q(decision_until__lte=at),
    )
    # Four queries, because databases rarely combine four indexes for a single condition.
    first, *others = (
        Article.objects.filter(one).order_by().values_list("pk", flat=True) for one in conditions
    )
    return first.union(*others, all=True)


def _passed(name: str, since: datetime | None, at: datetime) -> Q:
    if since is None:
        return Q((f"{name}__isnull", False))
    return Q((f"{name}__gt", since), (f"{name}__lte", at))

"""Recompute stories when articles come into sight or go out of it without a write.

Embargoes and decisions end, articles expire, and the date of one dated in the future comes. Readers
see that at once, because pages ask for the time. What the rule makes of it is stored, so it has to
be computed again: for the article, and for those that relate to it.

``Clock`` stores how far that has come. What is due since then is found by indexes, so a tick that
was lost, or a worker that was down for days, loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from articles import heat
from articles.models import Article, Clock, Related
from articles.scoring import GRACE
from newsroom import bulk

PIECE: Final = 1_000
"""How many articles to recompute in one transaction. A decision may have to wait for one."""
_LATE: Final = timedelta(hours=1)
"""How long a transaction may take that computed a heat before a moment and commits after it."""


def is_due(at: datetime | None = None) -> bool:
    """Return whether a moment has passed since the last ``catch_up``. At most two queries."""
    clock = Clock.objects.first()
    return clock is None or bool(_due(clock.passed_until, at or timezone.now())[:1])


def catch_up(
    at: datetime | None = None, is_stopped: Callable[[], bool] = lambda: False
) -> list[str]:
    """Recompute what the moments until ``at`` change; return the slugs of changed articles.

    Works in pieces, each in its own transaction. It may be killed anywhere and run twice at once:
    what is up to date already is not written again.
    """
    at = at or timezone.now()
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

    Without ``since``, of all that have a schedule, were dated in the future, or whose decision ended.
    """
    conditions: tuple[Q, ...] = (
        _passed("publish_from", since, at),
        _passed("publish_until", since, at),
        # Reads the whole table, but only once.
        Q(published_at__gt=F("created_at"))
        if since is None
        else _passed("published_at", since + GRACE, at + GRACE),
        # One that has ended is removed, however long ago that was.
        Q(decision_until__lte=at),
    )
    # Not one condition, for which the databases would hardly combine four indexes.
    first, *others = (
        Article.objects.filter(one).order_by().values_list("pk", flat=True) for one in conditions
    )
    return first.union(*others, all=True)


def _passed(name: str, since: datetime | None, at: datetime) -> Q:
    if since is None:
        return Q((f"{name}__isnull", False))
    return Q((f"{name}__gt", since), (f"{name}__lte", at))

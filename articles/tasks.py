"""The units of background work, and which of them are due.

A unit finds in the database what is left to do, so it may be killed at any time, lost or done twice:
the clock in ``articles/worker.py`` asks ``due`` every second and queues it again. ``units.enqueue``
only makes it begin earlier. Import ``enqueue`` and ``unit`` from ``articles.units``.

To add a unit, declare a function here, and yield it in ``due`` as long as it has work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from articles import newsdesk, signs_of_life, suggestions, units
from articles.images import keeping
from articles.importing import queued, uploads
from articles.models import SignIn
from articles.newsdesk import moments
from articles.site import purging
from articles.suggestions import quality
from articles.units import AnyTask, enqueue, enqueue_all, unit
from articles.webhooks import delivery, events
from newsroom import database_clock
from newsroom.interrupts import Stop

AT_ONCE: Final = 10
"""Images of a unit. It is small, so that others have their turn."""
SUGGESTED_AT_ONCE: Final = 100
"""Articles whose suggestions a unit computes, for the same reason."""
REST: Final = timedelta(minutes=10)
"""How long images of a host are not fetched after an error of ours, for example a full disk."""

Due = tuple[AnyTask, dict[str, Any]]


@unit("urgent")
def find_images(stopping: Stop) -> None:
    """Find images that readers are about to see, and queue those of each host."""
    failed = units.failed_since(keep_images, timezone.now() - REST)
    taken = failed | units.waiting(keep_images) | signs_of_life.names()
    groups = keeping.find(
        lambda host: units.name_of(keep_images, {"host": host}) in taken, stopping
    )
    enqueue_all(keep_images, map(asdict, groups))


@unit("images")
def keep_images(stopping: Stop, *, host: str, urls: list[str], providers: list[int]) -> None:
    """Fetch images from one host. A unit fetches ``AT_ONCE``, and queues another for the rest."""
    if keeping.keep(urls=urls[:AT_ONCE], providers=providers).interrupted:
        stopping.set()
    elif rest := urls[AT_ONCE:]:
        enqueue(keep_images, host=host, urls=rest, providers=providers)


@unit("urgent")
def note_events(stopping: Stop) -> None:
    """Write the deliveries for what changed for readers, and queue their hooks."""
    while events.note() and not stopping.is_set():
        pass
    enqueue_all(deliver, ({"hook": hook} for hook in delivery.due_hooks(database_clock.now())))


@unit("urgent")
def deliver(stopping: Stop, *, hook: int) -> None:
    """Send what is due to one webhook, in order."""
    delivery.deliver(hook, stopping)


@unit("imports")
def prepare_import(stopping: Stop, *, upload: int) -> None:
    """Cut uploaded files into parts."""
    uploads.prepare(upload, stopping.is_set)


@unit("imports")
def import_part(stopping: Stop, *, upload: int, part: int) -> None:
    """Parse a part of an import, and store the parts whose turn has come."""
    uploads.work(upload, part, stopping.is_set)


@unit("imports")
def suggest(stopping: Stop) -> None:
    """Compute the suggestions of articles that were written."""
    suggestions.catch_up(stopping.is_set, SUGGESTED_AT_ONCE)
    if not stopping.is_set() and suggestions.is_due():
        enqueue(suggest)


@unit("imports")
def refit_quality(stopping: Stop) -> None:
    """Learn to suggest quality, once a day."""
    if quality.is_due(timezone.now()):
        quality.refit()


@unit("imports")
def continue_policy(stopping: Stop) -> None:
    """Recompute a part of the archive with the policy in force. A unit takes two seconds."""
    version = newsdesk.unfinished_policy()
    if version is None:
        return
    try:
        is_finished = newsdesk.continue_policy(version).finished_at is not None
    except newsdesk.RefusedError:
        # Another policy was applied meanwhile: the next unit continues with that.
        is_finished = False
    if not is_finished and not stopping.is_set():
        enqueue(continue_policy)


@unit("urgent")
def follow_moments(stopping: Stop) -> None:
    """Recompute the stories of articles that came into sight or went out of it."""
    moments.catch_up(is_stopped=stopping.is_set)


@unit("urgent")
def purge_proxies(stopping: Stop) -> None:
    """Empty the proxies in front of the site, until no page from before the last change is left."""
    purging.purge()
    if purging.is_due(database_clock.now()) and not stopping.wait(purging.PAUSE):
        enqueue(purge_proxies)


@unit("urgent")
def tidy(stopping: Stop) -> None:
    """Delete what is too old."""
    at = timezone.now()
    units.forget_finished(at)
    uploads.remove_old(at)
    delivery.remove_old(at)
    SignIn.objects.prune(at)


AFTER_CHANGES: Final[tuple[AnyTask, ...]] = (note_events, find_images)
"""The units that have work after something changed for readers."""
REGULAR: Final[tuple[AnyTask, ...]] = (*AFTER_CHANGES, tidy, refit_quality)
"""The units that are queued regularly in any case."""


def due(at: datetime) -> Iterator[Due]:
    """Yield the units that have work at ``at``. Six queries, and two more with ``PURGE_URL``."""
    if purging.is_due(at):
        yield purge_proxies, {}
    if moments.is_due(at):
        yield follow_moments, {}
    for hook in delivery.due_hooks(at):
        yield deliver, {"hook": hook}
    for upload in uploads.unprepared():
        yield prepare_import, {"upload": upload}
    for upload, part in queued.unfinished():
        yield import_part, {"upload": upload, "part": part}
    if newsdesk.unfinished_policy():
        yield continue_policy, {}
    if suggestions.is_due():
        yield suggest, {}

"""Turn changes from the change feed into webhook events.

``HookTold`` has one row for each published article, with a digest of what the hooks last received.
Comparing it with what readers see now gives the events. A change that is undone within a second
therefore causes no event, and one event may cover two updates. But a copy that follows these events
always ends up equal to the site.

The place in the change feed moves in the transaction that writes the deliveries, so nothing is lost
or repeated if the process is killed, or if two processes do this at once.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from rest_framework.renderers import JSONRenderer

from articles.api.items import ItemSerializer
from articles.models import Article, HookDelivery, HookPlace, HookTold, WebHook
from articles.models.web_hook import Event
from articles.tracking import change_feed
from articles.tracking.change_feed import Place
from newsroom import database_clock
from newsroom.iso_dates import iso

BATCH: Final = 50
"""How many changes one transaction covers. It is small because editors wait for it on SQLite."""

logger = logging.getLogger(__name__)


def begin(at: datetime | None = None) -> None:
    """For the first hook, start with what is published now.

    Do nothing if there was a hook before. This reads the slugs of all published articles.
    """
    at = at or database_clock.now()
    with transaction.atomic():
        if HookPlace.objects.exists():
            return
        # Store the place first: a change in between only causes an extra event.
        _move(change_feed.latest(at))
        slugs = Article.objects.published(at).order_by().values_list("slug", flat=True)
        HookTold.objects.bulk_create(
            (HookTold(slug=slug) for slug in slugs), batch_size=1000, ignore_conflicts=True
        )


def note(at: datetime | None = None) -> bool:
    """Write the deliveries for the next batch of changes. Return whether there were any."""
    hooks = list(WebHook.objects.filter(is_active=True))
    row = HookPlace.objects.first()
    if not hooks:
        if row:
            _forget()
        return False
    if row is None:
        begin(at)
        return True
    at = at or database_clock.now()
    try:
        found = change_feed.since(Place(row.sequence, row.moment, row.slug), BATCH, at)
    except change_feed.UnknownPlaceError:
        logger.warning("The change feed was reset; webhooks continue from now on.")
        _forget()
        return True
    if not found.events:
        return False
    slugs = list(dict.fromkeys(event.slug for event in found.events))
    told = HookTold.objects.in_bulk(slugs)
    items = _items(slugs, at)
    digests = {slug: _digest(item) for slug, item in items.items()}
    news = _news(slugs, told, items, digests, at)
    with transaction.atomic():
        if not _move_from(row, found.place):
            # Another process was faster.
            return True
        HookDelivery.objects.bulk_create(
            delivery(hook, event, slug, data, at)
            for event, slug, data in news
            for hook in hooks
            if event in hook.events
        )
        HookTold.objects.filter(slug__in=told.keys() - items.keys()).delete()
        HookTold.objects.bulk_create(
            (HookTold(slug=slug, digest=digest) for slug, digest in digests.items()),
            update_conflicts=True,
            unique_fields=["slug"],
            update_fields=["digest"],
        )
    return True


def delivery(
    hook: WebHook, event: Event, slug: str, data: dict[str, Any], at: datetime
) -> HookDelivery:
    """Return an unsaved delivery. Its body is JSON with type, timestamp and data."""
    body = JSONRenderer().render({"type": event, "timestamp": iso(at), "data": data})
    return HookDelivery(
        hook=hook, event=event, slug=slug, body=body.decode(), created_at=at, next_try_at=at
    )


def _news(
    slugs: Iterable[str],
    told: dict[str, HookTold],
    items: dict[str, dict[str, Any]],
    digests: dict[str, str],
    at: datetime,
) -> list[tuple[Event, str, dict[str, Any]]]:
    """Compare what the hooks last received with the current state.

    Lead changes come after all other events.
    """
    news, leads = [], []
    for slug in slugs:
        if slug in items:
            if slug not in told:
                news.append((Event.PUBLISHED, slug, items[slug]))
            elif told[slug].digest != digests[slug]:
                news.append((Event.UPDATED, slug, items[slug]))
        elif slug in told:
            news.append((Event.UNPUBLISHED, slug, {"slug": slug, "deleted": True}))
            if lead := _lead_after(slug, at):
                leads.append((Event.LEAD_CHANGED, lead["slug"], lead | {"formerLead": slug}))
    return news + leads


def _lead_after(slug: str, at: datetime) -> dict[str, Any] | None:
    """Return the current lead of the story that ``slug`` led while it was published."""
    former = Article.objects.filter(slug=slug).first()
    if former is None:
        return None
    lead = Article.objects.published(at).beside(former).by_rank().first()
    return _items([lead.slug], at).get(lead.slug) if lead else None


def _items(slugs: list[str], at: datetime) -> dict[str, dict[str, Any]]:
    """Return those of these articles that are published, as in ``/api/v1/news/``, by slug."""
    articles = Article.objects.published(at).for_items(at).filter(slug__any_of=slugs)
    context = {"request": _Site()}
    return {one.slug: dict(ItemSerializer(one, context=context).data) for one in articles}


def _digest(item: dict[str, Any]) -> str:
    return hashlib.sha256(JSONRenderer().render(item)).hexdigest()


def _move(place: Place) -> None:
    HookPlace.objects.update_or_create(
        pk=1, defaults={"sequence": place.sequence, "moment": place.moment, "slug": place.slug}
    )


def _move_from(row: HookPlace, place: Place) -> bool:
    """Move the place, unless another process has moved it meanwhile. Return whether it moved."""
    same = HookPlace.objects.filter(sequence=row.sequence, moment=row.moment, slug=row.slug)
    return bool(same.update(sequence=place.sequence, moment=place.moment, slug=place.slug))


def _forget() -> None:
    with transaction.atomic():
        HookPlace.objects.all().delete()
        HookTold.objects.all().delete()


class _Site(HttpRequest):
    """A request for building URLs. Without ``SITE_URL``, they use the first allowed host."""

    @property
    def scheme(self) -> str:
        return "https" if settings.HTTPS else "http"

    def get_host(self) -> str:
        names = (host for host in settings.ALLOWED_HOSTS if not host.startswith(("*", ".")))
        return next(names, "localhost")

"""Which events follow from what the database noted.

One row for each published article says what the hooks were told last (``HookTold``); what is to be
told follows from comparing it with what readers see now. So a change and its opposite within the
same second are no event, and of two updates the later may stand for both; whoever keeps a copy by
these events ends equal to the site.

How far the changes were read moves in the transaction that writes the deliveries: a kill loses and
repeats nothing. Only one process at a time may note (``tasks.alone``).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.renderers import JSONRenderer

from articles.api.formats import instant
from articles.api.items import ItemSerializer
from articles.models import Article, HookDelivery, HookPlace, HookTold, WebHook
from articles.models.web_hook import Event
from articles.tracking import change_feed
from articles.tracking.change_feed import Place

BATCH: Final = 50
"""Changes that one transaction tells of: short, as on SQLite editors wait for it."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """An event, for whichever hooks want it."""

    event: Event
    slug: str
    data: dict[str, Any]


def begin(at: datetime | None = None) -> None:
    """Take readers' present for known, unless hooks are told of changes already.

    For the first hook. Reads the slugs of all that is published.
    """
    at = at or timezone.now()
    with transaction.atomic():
        if HookPlace.objects.exists():
            return
        # The place first: what changes in between is told, and told of it is no harm.
        _move(change_feed.latest(at))
        slugs = Article.objects.published(at).order_by().values_list("slug", flat=True)
        HookTold.objects.bulk_create(
            (HookTold(slug=slug) for slug in slugs), batch_size=1000, ignore_conflicts=True
        )


def note(at: datetime | None = None) -> bool:
    """Write the deliveries that follow from the next changes; gives whether there were any."""
    hooks = list(WebHook.objects.filter(is_active=True))
    row = HookPlace.objects.first()
    if not hooks:
        if row:
            _forget()
        return False
    if row is None:
        begin(at)
        return True
    at = at or timezone.now()
    try:
        found = change_feed.since(Place(row.sequence, row.moment, row.slug), BATCH, at)
    except change_feed.UnknownPlaceError:
        logger.warning("the changes begin anew: web hooks go on from the present")
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
        HookDelivery.objects.bulk_create(
            delivery(hook, one.event, one.slug, one.data, at)
            for one in news
            for hook in hooks
            if one.event in hook.events
        )
        HookTold.objects.filter(slug__in=told.keys() - items.keys()).delete()
        HookTold.objects.bulk_create(
            (HookTold(slug=slug, digest=digest) for slug, digest in digests.items()),
            update_conflicts=True,
            unique_fields=["slug"],
            update_fields=["digest"],
        )
        _move(found.place)
    return True


def delivery(
    hook: WebHook, event: Event, slug: str, data: dict[str, Any], at: datetime
) -> HookDelivery:
    """Make a delivery, not stored yet: the body is an object of type, timestamp and data."""
    body = JSONRenderer().render({"type": event, "timestamp": instant(at), "data": data})
    return HookDelivery(
        hook=hook, event=event, slug=slug, body=body.decode(), created_at=at, next_try_at=at
    )


def _news(
    slugs: Iterable[str],
    told: dict[str, HookTold],
    items: dict[str, dict[str, Any]],
    digests: dict[str, str],
    at: datetime,
) -> list[News]:
    """Compare what was told with what is so; changes of leads last, behind what they speak of."""
    news, leads = [], []
    for slug in slugs:
        if slug in items:
            if slug not in told:
                news.append(News(Event.PUBLISHED, slug, items[slug]))
            elif told[slug].digest != digests[slug]:
                news.append(News(Event.UPDATED, slug, items[slug]))
        elif slug in told:
            news.append(News(Event.UNPUBLISHED, slug, {"slug": slug, "deleted": True}))
            if lead := _lead_after(slug, at):
                leads.append(News(Event.LEAD_CHANGED, lead["slug"], lead | {"formerLead": slug}))
    return news + leads


def _lead_after(slug: str, at: datetime) -> dict[str, Any] | None:
    """Return who leads the story that ``slug`` led as long as readers saw it."""
    former = Article.objects.filter(slug=slug).first()
    if former is None:
        return None
    lead = Article.objects.published(at).beside(former).by_rank().first()
    return _items([lead.slug], at).get(lead.slug) if lead else None


def _items(slugs: list[str], at: datetime) -> dict[str, dict[str, Any]]:
    """Return what readers may see of articles, as ``/api/v1/news/`` lists it."""
    articles = Article.objects.published(at).for_items(at).filter(slug__any_of=slugs)
    context = {"request": _Site()}
    return {one.slug: dict(ItemSerializer(one, context=context).data) for one in articles}


def _digest(item: dict[str, Any]) -> str:
    return hashlib.sha256(JSONRenderer().render(item)).hexdigest()


def _move(place: Place) -> None:
    HookPlace.objects.update_or_create(
        pk=1, defaults={"sequence": place.sequence, "moment": place.moment, "slug": place.slug}
    )


def _forget() -> None:
    with transaction.atomic():
        HookPlace.objects.all().delete()
        HookTold.objects.all().delete()


class _Site(HttpRequest):
    """Stands in for a request where nobody asks: without ``SITE_URL`` the first host's addresses."""

    @property
    def scheme(self) -> str:
        return "https" if settings.HTTPS else "http"

    def get_host(self) -> str:
        """Return a name of this site."""
        names = (host for host in settings.ALLOWED_HOSTS if not host.startswith(("*", ".")))
        return next(names, "localhost")

"""``/api/v1/news/?updatedSince=``: how a copy of the site, or of a part of it, stays up to date.

``articles/tracking/change_feed.py`` explains the order of events and why none is missed. A client
first reads all articles that match its filters, ordered by their last change. After that it gets
every change. Articles that do not match, or no longer match, are reported as deleted.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from django.db.models import Subquery, Value
from django.db.models.functions import Coalesce
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from articles.api.items import ItemSerializer, page_address
from articles.api.problems import ProblemError
from articles.models import Change, Epoch
from articles.site.filters import ArticleFilter
from articles.tracking import change_feed
from articles.tracking.change_feed import Event, Place
from newsroom.iso_dates import iso
from newsroom.paging import read_moment

FILTERS: Final = frozenset({"topic", "provider", "type"})
"""Filters that may be combined with ``updatedSince``: the change feed records every change that
affects them."""
_TOGETHER: Final = FILTERS | {"updatedSince", "fields", "limit"}
_MOST: Final = 2**62
UPDATED_SINCE: Final = OpenApiParameter(
    "updatedSince",
    {"type": "string", "maxLength": 600},
    description=(
        "Only what was added, changed or removed. Blank: start with everything, then follow next "
        "to miss nothing. A time (2026-03-01T12:00:00Z): start with the changes since then. "
        "Works with fields, limit, topic, provider and type. After 410, start again."
    ),
)


class _Follower(NamedTuple):
    """A client's position, and the number of the last change when it started."""

    place: Place
    begun: int | None
    """None for a new client."""


def follow(
    request: Request, asked: ArticleFilter, at: datetime, only: list[str] | None, limit: int
) -> Response:
    """Return the next updates for a client. Three of the queries load articles.

    ``asked`` is valid and filters what is published at ``at``.
    """
    if others := sorted(request.query_params.keys() - _TOGETHER):
        raise ValidationError({name: ["Cannot be combined with updatedSince."] for name in others})
    follower = _follower(request.query_params["updatedSince"], at)
    try:
        if follower.begun is None or follower.place.sequence < follower.begun:
            events, follower, has_more = _beginning(follower, asked, limit)
        else:
            found = change_feed.since(follower.place, limit, at)
            _check_epoch(follower.place, found.place.epoch)
            events, has_more = found.events, found.has_more
            follower = follower._replace(place=found.place)
    except change_feed.UnknownPlaceError as error:
        raise ProblemError(
            HTTPStatus.GONE,
            "This site was restored from a backup. Start again with a blank updatedSince.",
        ) from error
    slugs = [event.slug for event in events]
    context = {"request": request}
    # Articles are loaded after the events. Later changes come with the next request.
    items: dict[str, Any] = {
        article.slug: ItemSerializer(article, only=only, context=context).data
        for article in (asked.qs.filter(slug__any_of=slugs) if slugs else ())
    }
    gone = {
        event.slug: {"slug": event.slug, "deleted": True, "at": iso(event.at)}
        for event in events
        if event.may_be_named
    }
    values = gone | items
    return Response(
        {
            "value": [values[slug] for slug in dict.fromkeys(slugs) if slug in values],
            "next": page_address(request, updatedSince=_text(follower)),
            "more": has_more,
        }
    )


def _beginning(
    follower: _Follower, asked: ArticleFilter, limit: int
) -> tuple[list[Event], _Follower, bool]:
    """Return what existed when the client started.

    One query, or three if there is nothing. Anything that changes after that gets a higher number
    and comes later.
    """
    place, begun = follower
    newest = Change.objects.order_by("-sequence").values("sequence")[:1]
    epoch = Coalesce(Subquery(Epoch.objects.values("token")[:1]), Value(""))
    shown = asked.qs.order_by().values("slug")
    wanted = Change.objects.filter(sequence__gt=place.sequence, slug__in=shown).order_by("sequence")
    wanted = wanted.annotate(newest=Subquery(newest), epoch=epoch)
    rows: list[Any] = []
    if begun is None:
        rows = list(wanted[: limit + 1])
        if rows:
            begun, place = rows[0].newest, place._replace(epoch=rows[0].epoch)
        else:
            begun, *_, epoch_now = change_feed.latest(place.moment)
            place = place._replace(epoch=epoch_now)
    if not rows:
        rows = list(wanted.filter(sequence__lte=begun)[: limit + 1])
    if rows:
        _check_epoch(place, rows[0].epoch)
    events = [Event(row.slug, may_be_named=False, at=row.noted_at) for row in rows[:limit]]
    reached = rows[limit - 1].sequence if len(rows) > limit else begun
    # After the last of several pages, there may be changes made since the start.
    has_more = len(rows) > limit or follower.begun is not None
    return events, _Follower(place._replace(sequence=reached), begun), has_more


def _check_epoch(place: Place, epoch: str) -> None:
    if place.epoch != epoch:
        raise change_feed.UnknownPlaceError(place)


def _text(follower: _Follower) -> str:
    place = follower.place
    text = f"{follower.begun},{place.sequence},{iso(place.moment)},{place.slug},{place.epoch}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _follower(text: str, at: datetime) -> _Follower:
    if not text:
        # Schedules that have already taken effect show in the articles themselves.
        return _Follower(Place(0, at, ""), None)
    try:
        return _given(text) or _Follower(change_feed.place_of(_moment(text)), 0)
    except (ValueError, OverflowError) as error:
        message = "Enter a value from next, a time like 2026-03-01T12:00:00Z, or nothing."
        raise ValidationError({"updatedSince": [message]}) from error


def _given(text: str) -> _Follower | None:
    """Read a value written by ``_text``. Return None for a time, which is not a cursor."""
    if ":" in text:
        return None
    parts = urlsafe_b64decode(text.encode() + b"==").decode().split(",")
    # Places that were given out before there were epochs lack the last part.
    begun, sequence, moment, slug, epoch = parts if len(parts) == 5 else (*parts, "")
    if "\0" in slug:
        raise ValueError(text)
    return _Follower(Place(_number(sequence), _moment(moment), slug, epoch), _number(begun))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20) or int(text) > _MOST:
        raise ValueError(text)
    return int(text)


def _moment(text: str) -> datetime:
    # An unescaped plus sign arrives as a space.
    return read_moment(text.replace(" ", "+"))

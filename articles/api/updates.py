"""``/api/v1/news/?updatedSince=``: what a copy of the newsroom, or of a part, needs to stay equal to it.

``articles/tracking/change_feed.py`` says what is told, in which order, and why nothing is missed. A follower first
reads all there is, in the order of last changes; what has none of what it asks for is left out.
After that it is told of every change: what it does not ask for (any more) is gone to it.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from django.db.models import Subquery
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from articles.api.formats import instant
from articles.api.items import ItemSerializer, page_address
from articles.api.problems import GoneError
from articles.models import Change
from articles.site.filters import ArticleFilter
from articles.tracking import change_feed
from articles.tracking.change_feed import Event, Place

FILTERS: Final = frozenset({"topic", "provider", "type"})
"""What a follower may narrow by: every change that makes a difference to these is noted."""
_TOGETHER: Final = FILTERS | {"updatedSince", "fields", "limit"}
_MOST: Final = 2**62
UPDATED_SINCE: Final = OpenApiParameter(
    "updatedSince",
    {"type": "string", "maxLength": 600},
    description=(
        "What came, changed or went. Blank: all there is, to begin with. Then what next has: with "
        "that nothing is missed. A moment (2026-03-01T12:00:00Z) begins with what was noted then. "
        "Goes with fields, limit, topic, provider and type. 410: begin again."
    ),
)


class _Follower(NamedTuple):
    """How far somebody has come, and which change was the last when they began."""

    place: Place
    begun: int | None
    """None for somebody who begins."""


class _Told(NamedTuple):
    events: list[Event]
    follower: _Follower
    has_more: bool


def follow(
    request: Request, asked: ArticleFilter, at: datetime, only: list[str] | None, limit: int
) -> Response:
    """Return what a follower has not been told yet; three of the queries are the articles' own.

    ``asked`` narrows what is published at ``at``; it is valid.
    """
    if others := sorted(request.query_params.keys() - _TOGETHER):
        raise ValidationError({name: ["Does not go with updatedSince."] for name in others})
    follower = _follower(request.query_params["updatedSince"], at)
    try:
        if follower.begun is None or follower.place.sequence < follower.begun:
            told = _beginning(follower, asked, limit)
        else:
            found = change_feed.since(follower.place, limit, at)
            told = _Told(found.events, follower._replace(place=found.place), found.has_more)
    except change_feed.UnknownPlaceError as error:
        raise GoneError("Nobody can have come this far here: begin again.") from error
    slugs = [event.slug for event in told.events]
    context = {"request": request}
    # After the events: what changes from here on is told next time.
    items: dict[str, Any] = {
        article.slug: ItemSerializer(article, only=only, context=context).data
        for article in (asked.qs.filter(slug__any_of=slugs) if slugs else ())
    }
    gone = {
        event.slug: {"slug": event.slug, "deleted": True, "at": instant(event.at)}
        for event in told.events
        if event.may_be_named
    }
    values = gone | items
    return Response(
        {
            "value": [values[slug] for slug in dict.fromkeys(slugs) if slug in values],
            "next": page_address(request, updatedSince=_text(told.follower)),
            "more": told.has_more,
        }
    )


def _beginning(follower: _Follower, asked: ArticleFilter, limit: int) -> _Told:
    """Return what is there of what there was when a follower began. One query, three for nothing.

    What goes or changes meanwhile gets a later number, and is told of then.
    """
    place, begun = follower
    shown = asked.qs.order_by().values("slug")
    wanted = Change.objects.filter(sequence__gt=place.sequence, slug__in=shown)
    rows: list[Any] = []
    if begun is None:
        newest = Change.objects.order_by("-sequence").values("sequence")[:1]
        first = wanted.annotate(newest=Subquery(newest)).order_by("sequence")
        rows = list(first[: limit + 1])
        begun = rows[0].newest if rows else change_feed.latest(place.moment).sequence
    if not rows:
        rows = list(wanted.filter(sequence__lte=begun).order_by("sequence")[: limit + 1])
    events = [Event(row.slug, may_be_named=False, at=row.noted_at) for row in rows[:limit]]
    reached = rows[limit - 1].sequence if len(rows) > limit else begun
    # After the last of several pages comes what was noted meanwhile, if anything.
    has_more = len(rows) > limit or follower.begun is not None
    return _Told(events, _Follower(place._replace(sequence=reached), begun), has_more)


def _text(follower: _Follower) -> str:
    place = follower.place
    moment = place.moment.astimezone(UTC).isoformat()
    text = f"{follower.begun},{place.sequence},{moment},{place.slug}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _follower(text: str, at: datetime) -> _Follower:
    if not text:
        # What is in force by now is told with the articles themselves.
        return _Follower(Place(0, at, ""), None)
    try:
        return _given(text) or _Follower(change_feed.place_of(_moment(text)), 0)
    except (ValueError, OverflowError) as error:
        message = "Expected what next has, a moment such as 2026-03-01T12:00:00Z, or nothing."
        raise ValidationError({"updatedSince": [message]}) from error


def _given(text: str) -> _Follower | None:
    """Read what ``_text`` gave; None for a moment as people write it."""
    if ":" in text:
        return None
    begun, sequence, moment, slug = urlsafe_b64decode(text.encode() + b"==").decode().split(",")
    if "\0" in slug:
        raise ValueError(text)
    return _Follower(Place(_number(sequence), _moment(moment), slug), _number(begun))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20) or int(text) > _MOST:
        raise ValueError(text)
    return int(text)


def _moment(text: str) -> datetime:
    # A plus that was not quoted arrives as a space.
    moment = parse_datetime(text.replace(" ", "+"))
    if moment is None or moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)

"""``/api/v1/news/?updatedSince=``: what a copy of the newsroom needs to stay equal to it.

``articles/changes.py`` says what is told, in which order, and why nothing is missed.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from articles import changes
from articles.api.items import ItemSerializer, page_address
from articles.api.problems import GoneError
from articles.api.texts import instant
from articles.changes import Place
from articles.models import Article

_TOGETHER: Final = {"updatedSince", "fields", "limit"}
_MOST: Final = 2**62
UPDATED_SINCE: Final = OpenApiParameter(
    "updatedSince",
    {"type": "string", "maxLength": 600},
    description=(
        "What came, changed or went. Blank: all there is, to begin with. Then what next has: with "
        "that nothing is missed. A moment (2026-03-01T12:00:00Z) begins with what was noted then. "
        "Goes with fields and limit only. 410: begin again."
    ),
)


def follow(request: Request, only: list[str] | None, limit: int) -> Response:
    """Give what a follower has not been told yet; three of the queries are the articles' own."""
    if others := sorted(request.query_params.keys() - _TOGETHER):
        raise ValidationError({name: ["Does not go with updatedSince."] for name in others})
    at = timezone.now()
    place = _place(request.query_params["updatedSince"], at)
    try:
        found = changes.since(place, limit, at)
    except changes.UnknownPlaceError as error:
        raise GoneError("Nobody can have come this far here: begin again.") from error
    events = {event.slug: event for event in found.events if event.may_be_named}
    slugs = [event.slug for event in found.events]
    # After the events: what changes from here on is told next time.
    shown = Article.objects.published(at).for_items(at).filter(slug__any_of=slugs)
    context = {"request": request}
    items: dict[str, Any] = {
        article.slug: ItemSerializer(article, only=only, context=context).data
        for article in (shown if slugs else ())
    }
    gone = {
        slug: {"slug": slug, "deleted": True, "at": instant(event.at)}
        for slug, event in events.items()
    }
    told = gone | items
    return Response(
        {
            "value": [told[slug] for slug in dict.fromkeys(slugs) if slug in told],
            "next": page_address(request, updatedSince=_text(found.place)),
            "more": found.has_more,
        }
    )


def _text(place: Place) -> str:
    text = f"{place.sequence},{place.moment.astimezone(UTC).isoformat()},{place.slug}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(text: str, at: datetime) -> Place:
    if not text:
        # What is in force by now is told with the articles themselves.
        return Place(0, at, "")
    try:
        return _given(text) or changes.place_of(_moment(text))
    except (ValueError, OverflowError) as error:
        message = "Expected what next has, a moment such as 2026-03-01T12:00:00Z, or nothing."
        raise ValidationError({"updatedSince": [message]}) from error


def _given(text: str) -> Place | None:
    """Read what ``_text`` gave; None for a moment as people write it."""
    if ":" in text:
        return None
    number, moment, slug = urlsafe_b64decode(text.encode() + b"==").decode().split(",")
    if not (number.isascii() and number.isdecimal() and len(number) < 20 and "\0" not in slug):
        raise ValueError(text)
    if int(number) > _MOST:
        raise ValueError(text)
    return Place(int(number), _moment(moment), slug)


def _moment(text: str) -> datetime:
    # A plus that was not quoted arrives as a space.
    moment = parse_datetime(text.replace(" ", "+"))
    if moment is None or moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)

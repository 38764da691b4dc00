"""Keyset paging with opaque cursors."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from articles.api.items import page_address
from newsroom.paging import CursorError, Order, Page, page_of

PAGE_SIZE: Final = 25
MOST: Final = 100
"""The most rows on a page."""
_LONGEST: Final = 4000
LIMIT: Final = OpenApiParameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": MOST, "default": PAGE_SIZE},
    description="Maximum number on a page.",
)
CURSOR: Final = OpenApiParameter(
    "cursor",
    {"type": "string", "maxLength": _LONGEST},
    description="Start of the page. Take it from next, with the other parameters unchanged.",
)


class PageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(
        allow_null=True, help_text="URL of the next page; null on the last."
    )


def limit(request: Request) -> int:
    """Return the parameter ``limit``. Raise ``ValidationError`` if it is invalid."""
    text = request.query_params.get("limit", str(PAGE_SIZE))
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= MOST):
        raise ValidationError({"limit": [f"Enter a number from 1 to {MOST}."]})
    return int(text)


def page(request: Request, rows: QuerySet[Any], order: Order, name: str) -> Page[Any]:
    """Return the page at the parameter ``cursor``. ``name`` is the name of the order. One query."""
    try:
        return page_of(rows, order, _cursor(request, name), limit(request))
    except CursorError as error:
        message = "This cursor does not belong to this list. Use the URL in next."
        raise ValidationError({"cursor": [message]}) from error


def answer(request: Request, found: Page[Any], name: str, value: Any) -> Response:
    """Return the serialized rows of a page, and the URL of the next page."""
    following = None
    if found.next:
        cursor = urlsafe_b64encode(f"{name}:{found.next}".encode()).decode().rstrip("=")
        following = page_address(request, cursor=cursor)
    return Response({"value": value, "next": following})


def _cursor(request: Request, name: str) -> str:
    text = request.query_params.get("cursor")
    if text is None:
        return ""
    try:
        known, _, cursor = urlsafe_b64decode(text.encode() + b"==").decode().partition(":")
    except ValueError as error:
        raise CursorError(text) from error
    # A cursor from another order is invalid here.
    if known != name or not cursor:
        raise CursorError(text)
    return cursor

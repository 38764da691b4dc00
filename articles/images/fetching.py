"""Getting one image from where a document says that it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import timezone

from articles.images import renditions
from newsroom.outbound import Answer, Bounds, OutboundError, RefusedError, get, retry_at

MAX_URL_BYTES: Final = 2_000
"""What an index of PostgreSQL takes; servers take little more."""
ANSWERS: Final = "Its server answers {}."
"""What is said of an answer that is no image, by its status."""
_MAY_PASS: Final = frozenset({408, 425, 429})
"""Of the answers that blame the one who asks, those that another time may not come."""
_HEADERS: Final = {"Accept": "image/avif, image/webp, image/png, image/jpeg, image/gif"}


class FetchError(Exception):
    """An image that could not be had; the text says why, for an editor."""

    def __init__(
        self, reason: str, *, may_pass: bool = False, retry_at: datetime | None = None
    ) -> None:
        super().__init__(reason)
        self.may_pass = may_pass
        """Whether another time it may be had."""
        self.retry_at = retry_at
        """Before this its server wants no further request, if it said so."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An image as its server gave it; ``data`` is None where it has not changed."""

    data: bytes | None
    etag: str
    last_modified: str


def bounds() -> Bounds:
    """Return the bounds of every request for an image, from the settings."""
    return Bounds(user_agent=settings.IMAGE_USER_AGENT, exempt=settings.OUTBOUND_EXEMPT)


def fetch(url: str, *, etag: str = "", last_modified: str = "") -> Fetched:
    """Get the image at ``url``, within ``bounds()``; seen to begin as an image does.

    With ``etag`` or ``last_modified``, of the copy that is kept, only where it has changed. Raises
    FetchError.
    """
    if len(url.encode()) > MAX_URL_BYTES:
        raise FetchError(f"The address has more than {MAX_URL_BYTES:,} bytes.")
    conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    headers = _HEADERS | {name: value for name, value in conditions.items() if value}
    try:
        answer = get(url, bounds(), headers)
    except OutboundError as error:
        raise FetchError(str(error), may_pass=not isinstance(error, RefusedError)) from error
    if answer.status == 304 and conditions.keys() & headers.keys():
        return Fetched(None, etag, last_modified)
    if answer.status != 200:
        raise _not_given(answer)
    if renditions.sniff(answer.body) is None:
        raise FetchError(renditions.not_an_image(answer.body))
    return Fetched(answer.body, _kept(answer, "ETag"), _kept(answer, "Last-Modified"))


def _not_given(answer: Answer) -> FetchError:
    may_pass = answer.status >= 500 or answer.status in _MAY_PASS
    again_at = retry_at(answer.headers, timezone.now()) if may_pass else None
    return FetchError(ANSWERS.format(answer.status), may_pass=may_pass, retry_at=again_at)


def _kept(answer: Answer, name: str) -> str:
    """Return a header that is sent back at the next request; one that is too long is not kept."""
    value: str = answer.headers.get(name, "")
    is_plain = value.isascii() and value.isprintable()
    return value if len(value) <= 200 and is_plain else ""

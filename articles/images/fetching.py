"""Fetching one image from the URL that a document names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import timezone

from articles.images import renditions
from newsroom.outbound import Answer, Bounds, OutboundError, RefusedError, get, retry_at

MAX_URL_BYTES: Final = 2_000
"""The most that a PostgreSQL index can hold. Servers do not accept much more."""
ANSWERS: Final = "Its server answers {}."
"""The failure for any status other than 200."""
_MAY_PASS: Final = frozenset({408, 425, 429})
"""Client errors (4xx) that may be temporary."""
_HEADERS: Final = {"Accept": "image/avif, image/webp, image/png, image/jpeg, image/gif"}


class FetchError(Exception):
    """An image that could not be fetched; the text tells an editor why."""

    def __init__(
        self, reason: str, *, may_pass: bool = False, retry_at: datetime | None = None
    ) -> None:
        super().__init__(reason)
        self.may_pass = may_pass
        """Whether a later try may succeed."""
        self.retry_at = retry_at
        """The earliest time at which the server accepts another request; None if it did not say."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The server's answer; ``data`` is None if the image has not changed."""

    data: bytes | None
    etag: str
    last_modified: str


def bounds() -> Bounds:
    """Return the limits of every image request, from the settings."""
    return Bounds(user_agent=settings.IMAGE_USER_AGENT, exempt=settings.OUTBOUND_EXEMPT)


def fetch(url: str, *, etag: str = "", last_modified: str = "") -> Fetched:
    """Fetch the image at ``url`` within ``bounds()`` and check its first bytes.

    If the ``etag`` or ``last_modified`` of the stored copy is given, fetch the image only if it has
    changed. Raise FetchError.
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
    """Return a header to send with the next request; "" if it is too long or not plain ASCII."""
    value: str = answer.headers.get(name, "")
    is_plain = value.isascii() and value.isprintable()
    return value if len(value) <= 200 and is_plain else ""

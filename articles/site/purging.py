"""Empty the proxies in front of the site after changes that readers see.

Without ``PURGE_URL`` no proxy keeps a page for more than three seconds. With it, a proxy may also
serve an outdated page while the site is down (``stale-if-error``), so a withdrawn article must be
removed from it. One ``PURGE`` request to that URL empties the whole proxy: it would ask for nearly
every page again anyway, because each carries the edition.
"""

from __future__ import annotations

import http.client
import logging
from datetime import datetime, timedelta
from typing import Final
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings

from articles.models import Purge
from articles.site.page_cache import RECENT
from articles.tracking import editions
from newsroom import database_clock

PAUSE: Final = 1.0
"""Seconds between two requests for the same change."""
_REST: Final = timedelta(seconds=5)
"""How long to wait after a failed request."""
_LIMIT: Final = 2.0
"""Seconds to wait for each answer of the proxy."""

logger = logging.getLogger(__name__)


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


_opener = build_opener(_NoRedirects)


def is_due(at: datetime) -> bool:
    """Return whether a request should be sent at ``at``. At most two queries."""
    last = Purge.objects.first() if settings.PURGE_URL else None
    if last and last.error and last.asked_at > at - _REST:
        return False
    return _outdated_since(at, last) is not None


def outdated_since(at: datetime) -> datetime | None:
    """Return when the last change began, if proxies may have pages from before it, else None."""
    return _outdated_since(at, Purge.objects.first())


def _outdated_since(at: datetime, last: Purge | None) -> datetime | None:
    edition = editions.current(at) if settings.PURGE_URL else None
    if edition is None or (last and last.done_until and edition.begun_at <= last.done_until):
        return None
    return edition.begun_at


def purge() -> None:
    """Send a request, and store what it achieved.

    A process may send a former page for some seconds after a change, and the proxy may store it
    again. Only a request after that is the last for this change.
    """
    at = database_clock.now()
    error = _send()
    done = {} if error else {"done_until": at - _outdated_for()}
    Purge.objects.update_or_create(pk=Purge.ONLY, defaults={"asked_at": at, "error": error} | done)
    if error:
        logger.warning("the proxy was not emptied: %s", error)


def _outdated_for() -> timedelta:
    """Return how long after a change a process of ours may still send the former page to a proxy."""
    return timedelta(seconds=settings.EDITION_SECONDS + RECENT)


def _send() -> str:
    """Return why the proxy could not be emptied; blank if it was.

    The URL is the operator's, so it may be in our own network.
    """
    request = Request(settings.PURGE_URL, method="PURGE")  # noqa: S310 - settings allow http only
    try:
        with _opener.open(request, timeout=_LIMIT):
            return ""
    except (URLError, OSError, http.client.HTTPException, ValueError) as error:
        return " ".join(str(error).split()) or type(error).__name__

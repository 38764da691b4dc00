"""A cache of public pages.

The response of a view marked ``public`` is stored, whole and compressed, with the edition it was
rendered from (``articles/tracking/editions.py``). The next reader of that edition gets it without
loading a session or user or calling a view. The front page and Latest are served again after a write
that does not change them (``articles/site/first_pages.py``). Browsers may store pages, too, but ask
each time whether they are current, which sends no body. Proxies may serve them for three seconds.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from time import monotonic, sleep, time
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import brotli
from django.conf import settings
from django.core.cache import cache as store
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.request import split_domain_port
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date, parse_http_date_safe
from django.views.decorators.cache import cache_control

from articles.site import first_pages, known_edition
from articles.site.first_pages import Shown
from articles.tracking.editions import Edition
from newsroom import counters, database_clock

KEPT: Final = 24 * 3600
"""Seconds to keep a page."""
LARGEST: Final = 512 * 1024
"""Maximum compressed size in bytes of a response to store."""

# Strangers can make up any number of addresses. Pages with a query share these entries, so that
# together they need at most 4 MB.
PLACES: Final = 64
LARGEST_IN_PLACE: Final = 64 * 1024
KEPT_IN_PLACE: Final = 600
"""Seconds."""

RECENT: Final = 2.0
"""Maximum age in seconds of an outdated page that is served while another process renders it."""
_MAKING: Final = 10
"""Seconds after which a process that renders a page is considered dead."""
_WAIT: Final = 0.5
"""Seconds to wait for a page that another process renders, before rendering it here."""
_LOOK_EVERY: Final = 0.02
"""Seconds."""

_SETTLED: Final = 2.0
"""Seconds after which no other edition has the same date, because HTTP dates have no fractions."""
_INDENTATION: Final = re.compile(rb"\n\s+")
_CODE: Final = Path(__file__).resolve().parents[2]
_count_hit = counters.pages.labels("hit")
_count_not_modified = counters.pages.labels("not_modified")
_count_unchanged = counters.pages.labels("unchanged")
_count_stale = counters.pages.labels("stale")
_count_miss = counters.pages.labels("miss")
_Handler = Callable[[HttpRequest], HttpResponse]

# A process may use an edition for a second, and a proxy may store a page for one and serve it for
# two more while it requests the next version. So a withdrawn article disappears within five
# seconds.
PROXY_SECONDS: Final = 1
PROXY_STALE_SECONDS: Final = 2

public = cache_control(
    public=True,
    max_age=0,
    s_maxage=PROXY_SECONDS,
    stale_while_revalidate=PROXY_STALE_SECONDS,
)
"""Marks a view whose response is the same for everybody and changes only with the edition."""

STALE_IF_ERROR: Final = 600
"""Seconds for which a proxy may serve a page while the site is down. Only for proxies that are
emptied after each change (``articles/site/purging.py``)."""

_CACHE_CONTROL: Final = (
    f"public, max-age=0, s-maxage={PROXY_SECONDS}, stale-while-revalidate={PROXY_STALE_SECONDS}"
)


class _Stored(NamedTuple):
    page: str
    etag: str
    begun_at: datetime
    """When the edition that it was made from began."""
    current: str
    """The tag that the page has in the edition for which it is known to be current."""
    made_at: float
    """In seconds since 1970, because other machines may have made it."""
    headers: dict[str, str]
    body: bytes
    shown: Shown | None
    """What it shows, if that can be compared with what it would show now."""


def page_cache(get_response: _Handler) -> _Handler:
    """Middleware that answers from the cache, stores responses and handles conditional requests."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            try:
                return get_response(request)
            finally:
                known_edition.forget()
        if settings.DEBUG or request.path.startswith(_never_stored()):
            return get_response(request)
        edition = known_edition.current()
        if edition is None:
            return get_response(request)
        page = _name(request)
        etag = _tag(page, edition)
        if etag in request.headers.get("If-None-Match", ""):
            # Tags are keyed hashes, so only a client that has this page knows its tag.
            _count_not_modified.inc()
            return _not_modified(etag, edition.begun_at)
        found = _found_or_made(request, page, etag, edition, get_response)
        if isinstance(found, HttpResponse):
            return found
        # The page may have been made from a former edition.
        has_it = found.etag in request.headers.get("If-None-Match", "")
        if has_it or (found.current == etag and _is_unmodified(request, found.begun_at)):
            return _not_modified(found.etag, found.begun_at)
        return _dated(HttpResponse(found.body, headers=found.headers), found.etag, found.begun_at)

    return middleware


def _found_or_made(
    request: HttpRequest, page: str, etag: str, edition: Edition, get_response: _Handler
) -> _Stored | HttpResponse:
    """Return the page of this edition, or a response that must not be stored.

    If another process or thread is rendering the page, return a recent outdated one, or wait.
    """
    encoding = _encoding(request)
    has_place = _is_made_up(request)
    key = f"page:place:{int(page[:8], 16) % PLACES}" if has_place else f"page:{page}:{encoding}"
    found: _Stored | None = store.get(key)
    if found and found.page != f"{page}:{encoding}":
        found = None
    if found and found.current == etag:
        _count_hit.inc()
        return found
    if found and found.shown and first_pages.is_current(found.shown, database_clock.now()):
        _count_unchanged.inc()
        found = found._replace(current=etag)
        store.set(key, found, KEPT)
        return found
    making = f"{key}:making"
    is_maker = has_place or store.add(making, True, _MAKING)
    if not is_maker:
        if found and time() - found.made_at < RECENT:
            _count_stale.inc()
            return found
        if awaited := _awaited(key, making, etag):
            _count_hit.inc()
            return awaited
    try:
        response = get_response(request)
        if not _may_be_stored(response):
            return response
        _count_miss.inc()
        headers, body = _finished(response, encoding)
        shown = getattr(response, "shown", None)
        begun_at = edition.begun_at
        made = _Stored(f"{page}:{encoding}", etag, begun_at, etag, time(), headers, body, shown)
        if len(body) <= (LARGEST_IN_PLACE if has_place else LARGEST):
            store.set(key, made, KEPT_IN_PLACE if has_place else KEPT)
        return made
    finally:
        if is_maker and not has_place:
            store.delete(making)


def _awaited(key: str, making: str, etag: str) -> _Stored | None:
    """Return the page once another process has stored it; None if that fails or takes too long."""
    until = monotonic() + _WAIT
    while monotonic() < until:
        sleep(_LOOK_EVERY)
        is_making = making in store
        found: _Stored | None = store.get(key)
        if found and found.current == etag:
            return found
        if not is_making:
            return None
    return None


def _is_made_up(request: HttpRequest) -> bool:
    """Return whether strangers can make up any number of such addresses: queries, hosts and ports."""
    if request.META.get("QUERY_STRING"):
        return True
    host = request.META.get("HTTP_HOST", "")
    if settings.SITE_URL:
        return bool(host != urlsplit(settings.SITE_URL).netloc)
    port: str = split_domain_port(host)[1]
    return port not in ("", request.get_port())


@cache
def _never_stored() -> tuple[str, ...]:
    return (
        reverse("admin:index"),
        reverse("articles:api:newsdesk-news").removesuffix("news/"),
        reverse("healthz"),
        reverse("readyz"),
        reverse("metrics"),
        settings.STATIC_URL,
        settings.MEDIA_URL,
    )


def _name(request: HttpRequest) -> str:
    """Return the hash that names a page, whatever its edition."""
    return _hash(
        _release(),
        # Everything that a page depends on, except the database.
        translation.get_language(),
        settings.SITE_NAME,
        settings.SITE_URL,
        settings.SITE_TAGLINE,
        settings.SITE_LOGO,
        settings.MEDIA_URL,
        settings.TIME_ZONE,
        settings.SITE_CSS,
        settings.EMBED_HOSTS,
        request.scheme,
        request.META.get("HTTP_HOST", ""),
        request.get_full_path(),
    )


def _tag(page: str, edition: Edition) -> str:
    """Return the tag of a page of an edition."""
    return f'W/"{_hash(page, edition.token)}"'


def _hash(*parts: object) -> str:
    """Return a hash that is keyed with the secret, so that nobody can forge tags."""
    secret = settings.SECRET_KEY.encode()[:64]
    named = "\n".join(map(str, parts)).encode(errors="surrogatepass")
    return hashlib.blake2b(named, key=secret, digest_size=16).hexdigest()


@cache
def _release() -> str:
    """Return a digest of all code that renders pages. A new release starts with an empty cache."""
    digest = hashlib.blake2b(digest_size=8)
    for folder in ("articles", "newsroom", "providers", "templates"):
        for file in sorted((_CODE / folder).rglob("*")):
            if file.suffix in {".py", ".html", ".css", ".js", ".svg", ".mo"}:
                digest.update(file.read_bytes())
    return digest.hexdigest()


def _encoding(request: HttpRequest) -> str:
    accepted = request.headers.get("Accept-Encoding", "")
    for name in ("br", "gzip"):
        if name in accepted and f"{name};q=0" not in accepted.replace(" ", ""):
            return name
    return ""


def _may_be_stored(response: HttpResponse) -> bool:
    return (
        response.status_code == 200
        and not response.streaming
        and not response.cookies
        and "Cookie" not in response.get("Vary", "")
        and "public" in response.get("Cache-Control", "")
        and "s-maxage" in response.get("Cache-Control", "")
    )


def _finished(response: HttpResponse, encoding: str) -> tuple[dict[str, str], bytes]:
    """Return the headers and the compressed body to store."""
    patch_vary_headers(response, ["Accept-Encoding"])
    body = response.content
    if response["Content-Type"].startswith("text/html"):
        # Indentation is a sixth of a page, and browsers ignore it.
        body = _INDENTATION.sub(b"\n", body)
    match encoding:
        case "br":
            body = brotli.compress(body, quality=5)
        case "gzip":
            body = gzip.compress(body, compresslevel=6, mtime=0)
    if encoding:
        response["Content-Encoding"] = encoding
    response["Content-Length"] = str(len(body))
    return dict(response.items()), body


def _is_unmodified(request: HttpRequest, begun_at: datetime) -> bool:
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    # A tag takes precedence over a date and has already been checked.
    return (
        "If-None-Match" not in request.headers
        and since == int(begun_at.timestamp())
        and _is_settled(begun_at)
    )


def _is_settled(begun_at: datetime) -> bool:
    return (timezone.now() - begun_at).total_seconds() >= _SETTLED


def _not_modified(etag: str, begun_at: datetime) -> HttpResponse:
    response = HttpResponseNotModified()
    response["Cache-Control"] = _CACHE_CONTROL
    response["Vary"] = "Accept-Encoding"
    return _dated(response, etag, begun_at)


def _dated(response: HttpResponse, etag: str, begun_at: datetime) -> HttpResponse:
    response["ETag"] = etag
    # While the database is down, a proxy that was emptied would keep an outdated page.
    if settings.PURGE_URL and not known_edition.is_outdated():
        response["Cache-Control"] += f", stale-if-error={STALE_IF_ERROR}"
    if _is_settled(begun_at):
        response["Last-Modified"] = http_date(begun_at.timestamp())
    return response

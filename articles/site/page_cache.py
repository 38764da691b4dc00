"""A cache of public pages that never serves a stale one.

The response of a view marked ``public`` is stored, whole and compressed, under the edition it was
rendered from (``articles/tracking/editions.py``). The next reader of that edition gets it without
loading a session or user or calling a view. Browsers and proxies may also store it, but revalidate
it every time, which costs one query and sends no body.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import brotli
from django.conf import settings
from django.core.cache import cache as store
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date, parse_http_date_safe
from django.views.decorators.cache import cache_control

from articles.tracking import editions
from articles.tracking.editions import Edition

KEPT: Final = 24 * 3600
"""Seconds to keep a page. This removes the pages of older editions."""
LARGEST: Final = 512 * 1024
"""Maximum compressed size in bytes of a response to store."""
_SETTLED: Final = 2.0
"""Seconds after which no other edition can have the same date: HTTP dates have no fractions."""
_INDENTATION: Final = re.compile(rb"\n\s+")
_CODE: Final = Path(__file__).resolve().parents[2]
_Handler = Callable[[HttpRequest], HttpResponse]


public = cache_control(public=True, no_cache=True)
"""Marks a view whose response is the same for everybody and changes only with the edition."""


class _Stored(NamedTuple):
    headers: dict[str, str]
    body: bytes


def page_cache(get_response: _Handler) -> _Handler:
    """Middleware that answers from the cache, stores responses and handles conditional requests."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method not in {"GET", "HEAD"} or request.path.startswith(_never_stored()):
            return get_response(request)
        edition = None if settings.DEBUG else _edition()
        if edition is None:
            return get_response(request)
        page = _name(request, edition)
        etag = f'W/"{page}"'
        if etag in request.headers.get("If-None-Match", ""):
            # Tags are keyed hashes, so only a client that has this page knows its tag.
            return _not_modified(etag, edition)
        encoding = _encoding(request)
        key = f"page:{page}:{encoding}"
        found: _Stored | None = store.get(key)
        if found is None:
            response = get_response(request)
            if not _may_be_stored(response):
                return response
            found = _finished(response, encoding)
            if len(found.body) <= LARGEST:
                store.set(key, found, KEPT)
        if _is_unmodified(request, edition):
            return _not_modified(etag, edition)
        return _dated(HttpResponse(found.body, headers=found.headers), etag, edition)

    return middleware


def _edition() -> Edition | None:
    """Return the current edition in one round trip.

    The query also tests a persistent connection, so Django need not test it first.
    """
    if connection.in_atomic_block:
        return editions.current()
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return editions.current()
    except (OperationalError, InterfaceError):
        # The server was restarted or closed an idle connection.
        connection.close()
        return editions.current()


@cache
def _never_stored() -> tuple[str, ...]:
    return (
        reverse("admin:index"),
        reverse("articles:api:newsdesk-news").removesuffix("news/"),
        reverse("healthz"),
        reverse("readyz"),
        settings.STATIC_URL,
        settings.MEDIA_URL,
    )


def _name(request: HttpRequest, edition: Edition) -> str:
    """Return a page's key and tag, a hash keyed with the secret so that nobody can forge tags."""
    parts = (
        _release(),
        edition.token,
        # Everything on a page that does not come from the database.
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
        and "no-cache" in response.get("Cache-Control", "")
    )


def _finished(response: HttpResponse, encoding: str) -> _Stored:
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
    return _Stored(dict(response.items()), body)


def _is_unmodified(request: HttpRequest, edition: Edition) -> bool:
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    # A tag takes precedence over a date and has already been checked.
    return (
        "If-None-Match" not in request.headers
        and since == int(edition.begun_at.timestamp())
        and _is_settled(edition)
    )


def _is_settled(edition: Edition) -> bool:
    return (timezone.now() - edition.begun_at).total_seconds() >= _SETTLED


def _not_modified(etag: str, edition: Edition) -> HttpResponse:
    response = HttpResponseNotModified()
    response["Cache-Control"] = "public, no-cache"
    response["Vary"] = "Accept-Encoding"
    return _dated(response, etag, edition)


def _dated(response: HttpResponse, etag: str, edition: Edition) -> HttpResponse:
    response["ETag"] = etag
    if _is_settled(edition):
        response["Last-Modified"] = http_date(edition.begun_at.timestamp())
    return response

"""Counters of processes, for ``/metrics``.

Prometheus' client adds up the counters of all processes of a server if PROMETHEUS_MULTIPROC_DIR
names a folder that they share. ``manage.py serve`` sets it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from newsroom.processes import Process

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX: Final = "newsroom-counters-"
_OWN: Final = CollectorRegistry()

pages: Final = Counter(
    "newsroom_pages",
    "Public pages by result: hit, unchanged (still current after a write), not_modified, stale (a recent former page) or miss (it was made).",
    ["result"],
    registry=_OWN,
)
cache_failures: Final = Counter(
    "newsroom_cache_failures", "Requests to the cache that failed.", registry=_OWN
)
sign_in_failures: Final = Counter(
    "newsroom_sign_in_failures", "Sign-ins with a wrong name or password.", registry=_OWN
)
_seconds: Final = Histogram(
    "newsroom_request_seconds",
    "Seconds until a response began, by kind of page and class of status.",
    ["kind", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=_OWN,
)

_KINDS: Final = {
    "": "front",
    "admin": "admin",
    "api": "api",
    "healthz": "probes",
    "latest": "latest",
    "metrics": "probes",
    "news": "article",
    "providers": "provider",
    "readyz": "probes",
    "search": "search",
    "sitemaps": "sitemap",
    "topics": "topic",
}
"""The kinds of pages by the first part of their address. Pages from the cache, which are most, have
no URL name. Strangers cannot add kinds."""


def measure(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that measures how long responses take."""
    kinds = _KINDS | {
        url.strip("/").partition("/")[0]: kind
        for url, kind in ((settings.STATIC_URL, "static"), (settings.MEDIA_URL, "media"))
        if url.startswith("/") and url.strip("/")
    }

    def middleware(request: HttpRequest) -> HttpResponse:
        begin = perf_counter()
        response = get_response(request)
        kind = kinds.get(request.path_info[1:].partition("/")[0], "other")
        status = f"{response.status_code // 100}xx"
        _seconds.labels(kind, status).observe(perf_counter() - begin)
        return response

    return middleware


def count_sign_in_failure(**_: Any) -> None:
    """Receive Django's signal of a failed sign-in."""
    sign_in_failures.inc()


def counted() -> bytes:
    """Return the counters of all processes of this server, in Prometheus' text format."""
    if not os.environ.get(FOLDER):
        return bytes(generate_latest(_OWN))
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return bytes(generate_latest(registry))


def make_folder() -> str:
    """Return a new folder for the counters of this process's children.

    Remove the folders of former servers, because nothing else does.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        # In a container every server has the same id.
        is_over = pid.isdecimal() and (
            int(pid) == os.getpid() or not Process("", int(pid), 0).is_running()
        )
        if is_over and folder.stat().st_uid == os.getuid():
            shutil.rmtree(folder, ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")

"""``/metrics``: figures of the whole newsroom, and counters of the processes of this server.

The figures come from the database with few and cheap queries, at most every ``KEPT`` seconds for
each process.
"""

from __future__ import annotations

import ipaddress
import logging
import platform
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from time import monotonic
from typing import Any, Final

import django
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from articles.models import Act, Article, HookDelivery, ImageFetch, ImportRun, Worker
from articles.units import QUEUES, UnavailableError
from articles.watching import queue
from newsroom import __version__, counters, database_clock, health
from newsroom.capped_count import MOST_COUNTED, count_capped

KEPT: Final = 5.0
"""Seconds."""
DAY: Final = timedelta(days=1)
RUNS: Final = 1_000
"""The most imports of a day to read."""
_FORWARDED: Final = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")

_log: Final = logging.getLogger(__name__)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics to monitoring systems, and 404 to everybody else."""
    if not _may_read(request):
        raise Http404
    body = _kept.figures() + counters.counted()
    return HttpResponse(body, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_read(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    # Behind a proxy every reader seems to come from its private address.
    if settings.BEHIND_PROXY or any(name in request.META for name in _FORWARDED):
        return False
    try:
        peer = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    plain = getattr(peer, "ipv4_mapped", None) or peer
    return bool(plain.is_loopback or plain.is_private)


class _Kept:
    """The figures of the newsroom, for a few seconds."""

    def __init__(self) -> None:
        self.at = float("-inf")
        self.text = b""

    def figures(self) -> bytes:
        if monotonic() - self.at >= KEPT:
            registry = CollectorRegistry(auto_describe=False)
            registry.register(_Newsroom())
            self.text = bytes(generate_latest(registry))
            self.at = monotonic()
        return self.text


_kept: Final = _Kept()


class _Newsroom(Collector):
    def describe(self) -> list[GaugeMetricFamily]:
        # Otherwise the registry would collect all metrics once more to find their names.
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        info = {
            "version": __version__,
            "python": platform.python_version(),
            "django": django.get_version(),
            "database": connection.vendor,
        }
        yield _gauge("newsroom_info", "Versions.", {tuple(info.values()): 1}, *info)
        works = int(health.cache_works())
        yield _gauge("newsroom_cache_up", "Whether the cache keeps a value.", {(): works})
        try:
            figures = list(_figures())
        except (DatabaseError, InterfaceError) as error:
            _log.warning("no figures: the database does not answer: %s", error)
            figures = []
        is_up = {(): int(bool(figures))}
        yield _gauge("newsroom_database_up", "Whether the database answers.", is_up)
        yield from figures


def _figures() -> Iterator[GaugeMetricFamily]:
    """Yield the metrics from the database. Ten queries on PostgreSQL, for any size of archive."""
    at = database_clock.now()
    published = Article.objects.published(at)
    yield _gauge(
        "newsroom_articles_published",
        f"Articles that readers see; {MOST_COUNTED} stands for this many or more.",
        {(): count_capped(published)},
    )
    yield _gauge(
        "newsroom_articles_published_day",
        "Articles that readers see and that are dated within the last day.",
        {(): count_capped(published.filter(published_at__gte=at - DAY))},
    )
    yield from _imports_and_decisions()
    yield from _workers()
    try:
        yield from _queue()
    except UnavailableError as error:
        _log.warning("no figures of the queue: Redis does not answer: %s", error)
    failures = {
        ("image",): count_capped(ImageFetch.objects.failed()),
        ("hook",): count_capped(HookDelivery.objects.filter(state=HookDelivery.State.DEAD)),
    }
    words = "Images that cannot be fetched, and events that webhooks did not take."
    yield _gauge("newsroom_failures", words, failures, "kind")


def _imports_and_decisions() -> Iterator[GaugeMetricFamily]:
    begin = timezone.now() - DAY
    states = dict.fromkeys(((state,) for state in ImportRun.State.values), 0)
    documents = dict.fromkeys((("created",), ("updated",), ("rejected",)), 0)
    runs = ImportRun.objects.order_by("-pk").values_list(
        "started_at", "state", "created", "updated", "rejected"
    )
    for started_at, state, *numbers in runs[:RUNS]:
        if started_at >= begin:
            states[(state,)] += 1
            for key, number in zip(documents, numbers, strict=True):
                documents[key] += number
    yield _gauge("newsroom_imports_day", "Imports of the last day.", states, "state")
    words = "Documents of the last day's imports by result."
    yield _gauge("newsroom_documents_day", words, documents, "result")
    verbs = Act.objects.filter(at__gte=begin).order_by("-at", "-pk").values_list("verb", flat=True)
    decisions = Counter((verb,) for verb in verbs[:MOST_COUNTED])
    words = f"Decisions of the last day, the newest {MOST_COUNTED} at most."
    yield _gauge("newsroom_decisions_day", words, decisions, "verb")


def _workers() -> Iterator[GaugeMetricFamily]:
    alive = Worker.objects.alive(database_clock.now()).values_list("queue", flat=True)
    counts = Counter(name for queues in alive for name in queues.split())
    workers = {(name,): counts[name] for name in (*QUEUES, "clock")}
    yield _gauge("newsroom_workers_alive", "Processes that do the work.", workers, "queue")


def _queue() -> Iterator[GaugeMetricFamily]:
    at = timezone.now()
    depths = queue.depths()
    waiting = {(one.queue,): one.waiting for one in depths}
    yield _gauge("newsroom_queue_waiting", "Units that wait.", waiting, "queue")
    ages = {
        (one.queue,): (at - one.oldest_at).total_seconds() if one.oldest_at else 0 for one in depths
    }
    yield _gauge("newsroom_queue_oldest_seconds", "Age of the oldest one.", ages, "queue")
    running = {(one.queue,): one.running for one in depths}
    yield _gauge("newsroom_queue_running", "Units that are being done.", running, "queue")
    words = "Units of background work that ended within the last day."
    yield _gauge("newsroom_units_day", words, queue.counts(), "kind", "result")


def _gauge(name: str, words: str, values: Mapping[Any, float], *labels: str) -> GaugeMetricFamily:
    """Return a gauge with a value for each tuple of labels."""
    family = GaugeMetricFamily(name, words, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family

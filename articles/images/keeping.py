"""Store copies of missing images: fetch in parallel, render, store.

Threads fetch and wait for the processes that render; only the main thread writes to the database. A
run first records the owner of the files (``ImageFetch.writing``), then writes the files, then the
row that shows them. A run killed at any moment leaves no row without files and no file without an
owner.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from articles.images import files
from articles.images.fetching import ANSWERS, MAX_URL_BYTES, FetchError, fetch
from articles.images.missing import Wanted, wanted, wanted_among
from articles.images.render_process import Workshop
from articles.images.renditions import RefusedImageError, Rendered
from articles.images.report import Failure, Report
from articles.models import Image, ImageFetch, Logo, StoredImage
from newsroom.bulk import hold_write_lock
from newsroom.interrupts import Stop, stop_on_signal
from newsroom.outbound import RefusedError, host_of
from providers.models import Provider

FETCHES: Final = 8
"""Images fetched at once."""
PER_HOST: Final = 2
"""Images fetched at once from one host."""
LOOK_AHEAD: Final = 200
"""URLs queued at once, so that a slow host does not delay the others."""
SCANNED: Final = 1_000
"""URLs that ``find`` takes at once, for the same reason."""
REST: Final = timedelta(minutes=10)
"""How long the next units do not ask a host that answered 503."""
GROUP: Final = 100
"""URLs of one host among them."""
COMMIT_AFTER: Final = 1.0
"""Seconds to collect results for a commit. Each commit starts a new edition of the pages."""
RETRIES: Final = tuple(timedelta(hours=hours) for hours in (1, 6, 24, 72, 168))
"""Delay after each failure before the next try. When they run out, there is no further try."""


@dataclass(slots=True)
class Group:
    """URLs of one host to fetch, the most important first, and the providers whose logos they are."""

    host: str
    urls: list[str] = field(default_factory=list)
    providers: list[int] = field(default_factory=list)


def find(is_skipped: Callable[[str], bool], stopping: Stop) -> list[Group]:
    """Return the missing images of hosts that are not skipped, ``GROUP`` a host at most.

    Images whose copy is stored already are linked to it at once.
    """
    at = timezone.now()
    resting = _resting(at) | _tired(at)
    groups: dict[str, Group] = {}
    seen: set[str] = set()
    kept: list[Wanted] = []
    for one in wanted(at):
        if stopping.is_set() or len(seen) >= SCANNED:
            break
        host = _host_of(one.url)
        if one.is_kept:
            kept.append(one)
            if len(kept) >= LOOK_AHEAD:
                _link_all(kept)
        # Too long URLs are not stored, so they would be found again and again.
        elif (
            host not in resting and not is_skipped(host) and len(one.url.encode()) <= MAX_URL_BYTES
        ):
            seen.add(one.url)
            group = groups.setdefault(host, Group(host))
            if one.url not in group.urls and len(group.urls) < GROUP:
                group.urls.append(one.url)
            if one.url in group.urls:
                group.providers += one.providers
    _link_all(kept)
    return list(groups.values())


def keep(
    *,
    urls: Sequence[str] | None = None,
    providers: Sequence[int] = (),
    limit: int | None = None,
    retry_failed: bool = False,
    at: datetime | None = None,
    progress: Callable[[int], object] = lambda addresses: None,
) -> Report:
    """Fetch, render and store the images missing at ``at``, from at most ``limit`` URLs.

    ``urls`` are the only URLs to look at, and ``providers`` the ones whose logos are among them.
    With ``retry_failed``, also retry failures that are not due yet. ``progress`` is called with the
    number of URLs just finished. After SIGINT or SIGTERM the run finishes the images it has
    started.
    """
    at = at or timezone.now()
    started = monotonic()
    with Workshop(os.cpu_count() or 1) as workshop, ThreadPoolExecutor(FETCHES) as threads:
        run = _Run(at, threads, workshop, progress)
        if not retry_failed:
            run.resting |= _resting(at)
        with stop_on_signal() as run.stopping:
            if urls is None:
                source = wanted(at, retry_failed=retry_failed)
            else:
                source = wanted_among(urls, providers, at)
            run.all_of(source, limit)
    run.report.stopped = run.stopping.status
    run.report.seconds = monotonic() - started
    return run.report


def preview(
    *, limit: int | None = None, retry_failed: bool = False, at: datetime | None = None
) -> Report:
    """Report what ``keep`` would fetch, without sending requests or writing anything."""
    started = monotonic()
    report = Report(dry_run=True)
    seen: set[str] = set()
    for one in wanted(at or timezone.now(), retry_failed=retry_failed):
        if one.is_kept:
            report.linked += len(one.images)
        elif one.url not in seen:
            if len(seen) == limit:
                break
            seen.add(one.url)
            report.wanted.append(one.url)
    report.seconds = monotonic() - started
    return report


def _resting(at: datetime) -> set[str]:
    """Return the hosts that answered 429 (too many requests) and must not be asked yet."""
    failed = ImageFetch.objects.filter(state=ImageFetch.State.FAILED, next_try_at__gt=at)
    urls = failed.filter(failure=ANSWERS.format(429)).values_list("url", flat=True)
    return {host_of(url) for url in urls}


def _tired(at: datetime) -> set[str]:
    """Return the hosts that answered 503 (overloaded) a short time ago."""
    lately = ImageFetch.objects.filter(state=ImageFetch.State.FAILED, tried_at__gt=at - REST)
    urls = lately.filter(failure=ANSWERS.format(503)).values_list("url", flat=True)
    return {host_of(url) for url in urls}


@dataclass(slots=True)
class _Done:
    """The result for a URL: a new copy, the existing copy (``rendered`` is None), or a failure."""

    wanted: Wanted
    rendered: Rendered | None = None
    failure: FetchError | None = None
    etag: str = ""
    last_modified: str = ""
    fetched_bytes: int = 0
    written_bytes: int = 0


_Job = Future[_Done]


@dataclass
class _Run:
    """One run: the queue, the running jobs, and the results to commit."""

    at: datetime
    threads: ThreadPoolExecutor
    workshop: Workshop
    progress: Callable[[int], object]
    report: Report = field(default_factory=Report)
    stopping: Stop = field(default_factory=Stop)
    queue: deque[Wanted] = field(default_factory=deque)
    tried: dict[str, Wanted] = field(default_factory=dict)
    busy: Counter[str] = field(default_factory=Counter)
    resting: set[str] = field(default_factory=set)
    fetching: dict[_Job, str] = field(default_factory=dict)
    writing: set[_Job] = field(default_factory=set)
    done: list[_Done] = field(default_factory=list)
    linking: list[Wanted] = field(default_factory=list)
    committed_at: float = field(default_factory=monotonic)

    def all_of(self, source: Iterator[Wanted], limit: int | None) -> None:
        """Handle everything in ``source``, but fetch at most ``limit`` URLs."""
        for one in source:
            if self.stopping.is_set():
                break
            if one.is_kept:
                self.linking.append(one)
            elif one.url in self.tried:
                # Still being fetched, or not yet committed when ``source`` looked it up.
                self.tried[one.url].images += one.images
                self.tried[one.url].providers += one.providers
            elif limit is not None and len(self.tried) >= limit:
                break
            else:
                self.tried[one.url] = one
                self.queue.append(one)
            while len(self.queue) >= LOOK_AHEAD and not self.stopping.is_set():
                self.step()
            self.commit_when_due()
        while (self.queue and not self.stopping.is_set()) or self.fetching or self.writing:
            self.step()
        self.commit()

    def step(self) -> None:
        """Start the jobs that can start, wait for one to end, and handle its result."""
        self.begin()
        if not self.fetching and not self.writing:
            return
        ended, _ = wait({*self.fetching, *self.writing}, return_when=FIRST_COMPLETED)
        for job in ended:
            if job in self.fetching:
                self.busy[self.fetching.pop(job)] -= 1
                self.take_on(job.result())
            else:
                self.writing.discard(job)
                self.done.append(job.result())
        self.commit_when_due()

    def begin(self) -> None:
        """Start fetching in order, skipping busy hosts."""
        if self.stopping.is_set():
            return
        later = []
        while self.queue and len(self.fetching) + len(self.writing) < 2 * FETCHES:
            one = self.queue.popleft()
            try:
                host = host_of(one.url)
            except RefusedError as error:
                self.done.append(_Done(one, failure=FetchError(str(error))))
                continue
            if host in self.resting:
                self.report.postponed += 1
                self.progress(1)
            elif self.busy[host] >= PER_HOST:
                later.append(one)
            else:
                self.busy[host] += 1
                self.fetching[self.threads.submit(_get, one, self.workshop)] = host
        self.queue.extendleft(reversed(later))

    def take_on(self, done: _Done) -> None:
        """Start writing an image's files, unless they exist or there are none."""
        if done.failure is not None and done.failure.retry_at is not None:
            self.resting.add(host_of(done.wanted.url))
        self.report.fetched_bytes += done.fetched_bytes
        rendered = done.rendered
        if rendered is None or StoredImage.objects.filter(digest=rendered.digest).exists():
            self.done.append(done)
            return
        with transaction.atomic():
            # Pruning also holds this lock when it deletes files without an owner.
            hold_write_lock()
            ImageFetch.objects.update_or_create(
                url=done.wanted.url, defaults={"writing": rendered.digest, "tried_at": self.at}
            )
        self.writing.add(self.threads.submit(_write, done))

    def commit_when_due(self) -> None:
        if monotonic() - self.committed_at >= COMMIT_AFTER:
            self.commit()

    def commit(self) -> None:
        if self.done or self.linking:
            with transaction.atomic():
                hold_write_lock()
                for one in self.linking:
                    self.link(one, one.fetch.stored if one.fetch else None)
                replaced = self.uploaded_meanwhile()
                for done in self.done:
                    if done.wanted.url not in replaced:
                        self.settle(done)
            self.progress(len(self.done))
            self.done, self.linking = [], []
        self.committed_at = monotonic()

    def uploaded_meanwhile(self) -> set[str]:
        """Return the URLs whose picture an editor has replaced meanwhile. The upload is kept."""
        fetches = ImageFetch.objects.of(done.wanted.url for done in self.done)
        replaced = set(fetches.exclude(uploaded_at=None).values_list("url", flat=True))
        # Files without an owner are pruned later.
        ImageFetch.objects.of(replaced).exclude(writing="").update(writing="")
        return replaced

    def link(self, one: Wanted, stored: StoredImage | None) -> None:
        self.report.linked += _link(one, stored)

    def settle(self, done: _Done) -> None:
        one = done.wanted
        if done.failure is not None:
            self.settle_failure(one, done.failure)
            return
        stored = self.stored(done)
        if stored is None:
            # It was pruned meanwhile; the next run fetches it.
            return
        note_kept(one.url, stored, self.at, etag=done.etag, last_modified=done.last_modified)
        self.report.kept += 1
        self.link(one, stored)

    def stored(self, done: _Done) -> StoredImage | None:
        """Return the row of a copy whose files exist; create it if needed."""
        if done.rendered is None:
            self.report.unchanged += 1
            return done.wanted.fetch.stored if done.wanted.fetch else None
        stored = StoredImage.objects.filter(digest=done.rendered.digest).first()
        if stored is None and done.written_bytes:
            stored = StoredImage.objects.create(**columns(done.rendered))
            self.report.stored += 1
            self.report.stored_bytes += done.written_bytes
        return stored

    def settle_failure(self, one: Wanted, failure: FetchError) -> None:
        tries = (one.fetch.tries if one.fetch else 0) + 1
        next_try_at = None
        if failure.may_pass and tries <= len(RETRIES):
            next_try_at = max(self.at + RETRIES[tries - 1], failure.retry_at or self.at)
        self.report.failures.append(Failure(one.url, str(failure), next_try_at))
        if len(one.url.encode()) > MAX_URL_BYTES:
            # Too long for the index, so each run reports it instead of storing it.
            return
        ImageFetch.objects.update_or_create(
            url=one.url,
            defaults={
                "state": ImageFetch.State.FAILED,
                "host": _host_of(one.url),
                "failure": str(failure),
                "tries": tries,
                "tried_at": self.at,
                "next_try_at": next_try_at,
                "writing": "",
            },
        )


def _link(one: Wanted, stored: StoredImage | None) -> int:
    """Show the copy ``stored``; return how many images of articles do so now."""
    images = Image.objects.filter(pk__in=one.images)
    if one.is_kept:
        # An editor may have replaced some of them meanwhile.
        images = images.filter(stored=None)
    linked = images.update(stored=stored)
    # Some of the providers may have been deleted meanwhile.
    for provider in Provider.objects.filter(pk__in=one.providers) if stored else ():
        logo = {"url": one.url, "stored": stored}
        Logo.objects.update_or_create(provider=provider, defaults=logo)
    return linked


def _link_all(kept: list[Wanted]) -> None:
    """Link images to their stored copies, and empty the list."""
    if kept:
        with transaction.atomic():
            hold_write_lock()
            for one in kept:
                _link(one, one.fetch.stored if one.fetch else None)
        kept.clear()


def _get(one: Wanted, workshop: Workshop) -> _Done:
    """Fetch and render an image. Runs in a thread, so it must not use the database."""
    done = _Done(one)
    known = one.fetch if one.fetch and one.fetch.stored_id else ImageFetch()
    try:
        fetched = fetch(one.url, etag=known.etag, last_modified=known.last_modified)
        done.etag, done.last_modified = fetched.etag, fetched.last_modified
        if fetched.data is not None:
            done.fetched_bytes = len(fetched.data)
            done.rendered = workshop.render(fetched.data)
    except FetchError as error:
        done.failure = error
    except RefusedImageError as error:
        done.failure = FetchError(str(error))
    return done


def _write(done: _Done) -> _Done:
    """Write the files. Runs in a thread, because the storage may be remote."""
    assert done.rendered is not None  # noqa: S101 - the caller checks
    done.written_bytes = files.write(done.rendered)
    return done


def _host_of(url: str) -> str:
    try:
        return host_of(url)
    except RefusedError:
        return ""


def note_kept(url: str, stored: StoredImage, at: datetime, **facts: Any) -> None:
    """Record that ``url`` has the copy ``stored`` since ``at``; ``facts`` are further columns."""
    ImageFetch.objects.update_or_create(
        url=url,
        defaults={
            "state": ImageFetch.State.KEPT,
            "stored": stored,
            "failure": "",
            "tries": 0,
            "tried_at": at,
            "next_try_at": None,
            # Empty for an upload, because the source's headers do not describe it.
            "etag": "",
            "last_modified": "",
            "writing": "",
            **facts,
        },
    )


def columns(rendered: Rendered) -> dict[str, Any]:
    """Return the columns of a copy whose files have just been written."""
    names = ("digest", "format", "byte_size", "width", "height", "color", "placeholder")
    renditions = [
        {
            "width": copy.width,
            "height": copy.height,
            "bytes": {kind: len(data) for kind, data in copy.data.items()},
        }
        for copy in rendered.renditions
    ]
    facts = {name: getattr(rendered, name) for name in names}
    return facts | {"renditions": renditions, "stored_at": timezone.now()}

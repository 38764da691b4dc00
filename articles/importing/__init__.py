"""Import news documents in batches. Each is stored completely or not at all; rerunning is safe.

``run`` finds the files, skips those whose digest is known and those that are not news, parses the
others and stores them batch by batch. The result does not depend on the order of the files. With
several runs, only the slugs depend on the order of the runs. A second run with the same files
changes nothing. ``queued`` does the same on several workers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Final

from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from articles.importing.batch import store
from articles.importing.files import find, folders_of, printable, require
from articles.importing.parsing import Parser
from articles.importing.parts import (
    BATCH_SIZE,
    Part,
    cut,
    follow_growth,
    rare_garbage_collection,
    sort,
    store_catalog,
    to_parse,
    unchanged,
)
from articles.importing.report import COUNTS, Report
from articles.importing.summary import count_stubs, summarize
from articles.models import Article, ImportRun
from newsroom import database_clock, logs
from newsroom.interrupts import stop_on_signal
from newsroom.processes import this_process

SIGN_EVERY: Final = 15.0
"""Seconds between signs of life of a run, even within a batch."""
COUNT_EVERY: Final = 5.0
"""Seconds after which counts are stored if nothing else is. ``unchanged`` files need no write."""


def count_files(paths: Sequence[Path]) -> int:
    """Count the article documents under ``paths``, without reading them.

    Raises FileNotFoundError.
    """
    require(paths)
    return sum(1 for _ in find(paths, catalog=False))


def run(
    paths: Sequence[Path],
    *,
    dry_run: bool = False,
    fail_fast: bool = False,
    skip: bool = True,
    batch_size: int = BATCH_SIZE,
    user: User | None = None,
    at: datetime | None = None,
    progress: Callable[[int], object] = lambda documents: None,
) -> Report:
    """Import everything under ``paths``.

    A dry run does all the work in one transaction and rolls it back; on SQLite nobody else can
    write meanwhile. ``fail_fast`` stops at the first rejected document and keeps those before it.
    ``skip`` skips files in folders that are not news documents; files that ``paths`` names are
    never skipped. ``progress`` is called with the number of documents just finished. SIGINT and
    SIGTERM end the run after the current batch. If a path is missing, raise FileNotFoundError before
    writing anything.
    """
    at = at or database_clock.now()
    require(paths)
    started = monotonic()
    report = Report()
    run = report.run = None if dry_run else _begin(paths, user, at)
    scope = _rolled_back() if dry_run else nullcontext()
    state = ImportRun.State.FAILED
    try:
        with (
            logs.about(run=run and run.pk),
            scope,
            stop_on_signal() as stopping,
            _signs_of_life(run),
            rare_garbage_collection(),
        ):
            work = _Import(
                paths,
                fail_fast,
                skip,
                batch_size,
                at,
                run or _begin(paths, user, at),
                report,
                stopping,
            )
            work.everything(progress)
        report.interrupted = stopping.is_set()
        report.stopped = stopping.status
        done = ImportRun.State.CHECKED if dry_run else ImportRun.State.FINISHED
        state = ImportRun.State.INTERRUPTED if report.interrupted else done
    except BaseException:
        # The original error matters more than a database that no longer answers. The run is then
        # shown as killed.
        with suppress(DatabaseError):
            _end(run, report, state)
        raise
    _end(run, report, state)
    report.seconds = monotonic() - started
    return report


def _who_runs() -> dict[str, object]:
    process = this_process()
    known = {"host": process.host, "process": process.pid, "process_begun": process.begun}
    return known | {"alive_at": timezone.now()}


def _end(run: ImportRun | None, report: Report, state: ImportRun.State) -> None:
    if run:
        counts = {name: getattr(report, name) for name in COUNTS}
        ended = {"state": state, "finished_at": timezone.now(), **counts}
        ImportRun.objects.filter(pk=run.pk).update(**ended)


@contextmanager
def _signs_of_life(run: ImportRun | None) -> Iterator[None]:
    """Give signs of life from another thread.

    On SQLite only one connection can write at a time. But then all processes are on one host, where
    the system knows which of them are running.
    """
    if run is None or connection.vendor == "sqlite":
        yield
        return
    over = threading.Event()

    def sign() -> None:
        while not over.wait(SIGN_EVERY):
            with suppress(DatabaseError):
                Report().record(run)
        connection.close()

    thread = threading.Thread(target=sign, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _begin(paths: Sequence[Path], user: User | None, at: datetime) -> ImportRun:
    return ImportRun.objects.create(
        started_at=at,
        started_by=user,
        paths=[printable(str(path)) for path in paths],
        folders=list(dict.fromkeys(str(folder.absolute()) for folder in folders_of(paths))),
        **_who_runs(),
    )


@contextmanager
def _rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@dataclass(slots=True)
class _Import:
    paths: Sequence[Path]
    fail_fast: bool
    skip: bool
    batch_size: int
    at: datetime
    run: ImportRun
    report: Report
    stopping: threading.Event
    uncounted: Report = field(default_factory=Report)
    """Counts that are not in the run's row yet."""
    counted_at: float = field(default_factory=monotonic)
    stubs_counted_at: float = -COUNT_EVERY
    last_article: int = 0
    """The highest id of an article before this run."""

    @property
    def is_over(self) -> bool:
        return self.stopping.is_set() or (self.fail_fast and self._rejected > 0)

    @property
    def _rejected(self) -> int:
        return self.report.rejected + self.uncounted.rejected

    @property
    def done(self) -> int:
        return self.report.done + self.uncounted.done

    def everything(self, progress: Callable[[int], object]) -> None:
        """Import the catalog, then the documents, then compare the scores."""
        self.last_article = Article.objects.aggregate(last=Max("pk"))["last"] or 0
        for part in cut(self.paths, catalog=True):
            if not self.is_over:
                self._take(store_catalog(part, skip=self.skip, fail_fast=self.fail_fast))
        parts = cut(self.paths, self.batch_size, catalog=False)
        with closing(Parser()) as parser:
            following = self._begin_to_parse(parts, parser)
            has_stored = False
            while following and not self.is_over:
                before = self.done
                part, known, wanted = following
                parsed = dict(zip(wanted, parser.finish(), strict=True))
                following = self._begin_to_parse(parts, parser)
                if has_stored:
                    # The part before this one may have stored the same files.
                    known = unchanged(part)
                incoming, refused = sort(
                    part, known, parsed, self.at, skip=self.skip, fail_fast=self.fail_fast
                )
                self._take(refused)
                has_stored = bool(incoming)
                if incoming:
                    created = self.report.created
                    self.report.absorb(store(incoming, self.run, self.at))
                    self._count()
                    follow_growth(created, self.report.created)
                elif monotonic() - self.counted_at > COUNT_EVERY:
                    self._count()
                progress(self.done - before)
        self.report.absorb(self.uncounted)
        self._keep(summarize(self.run, self.at, self.last_article, self.report))

    def _begin_to_parse(
        self, parts: Iterator[Part], parser: Parser
    ) -> tuple[Part, set[int], list[int]] | None:
        """Begin to parse the next part.

        Return it with the positions of its unchanged documents and of those being parsed.
        """
        if self.is_over or (part := next(parts, None)) is None:
            return None
        known = unchanged(part)
        wanted = to_parse(part, known)
        parser.start([part[position].text for position in wanted])
        return part, known, wanted

    def _take(self, part: Report) -> None:
        self.uncounted.absorb(part)
        if part.problems:
            self._count()

    def _count(self) -> None:
        """Add the counts that were not stored with a batch to the run."""
        if monotonic() - self.stubs_counted_at > COUNT_EVERY:
            self.uncounted.stubs = count_stubs(self.last_article) - self.report.stubs
            self.stubs_counted_at = monotonic()
        self._keep(self.uncounted)
        self.uncounted = Report()
        self.counted_at = monotonic()

    def _keep(self, part: Report) -> None:
        if part.problems or any(getattr(part, name) for name in COUNTS):
            part.record(self.run)
        self.report.absorb(part)

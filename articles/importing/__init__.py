"""Import news documents in batches. Each is stored completely or not at all; rerunning is safe.

``run`` finds the files, skips those whose digest is known and those that are not news, parses the
others and stores them batch by batch. The result does not depend on the order of the files. With
several runs, only the slugs depend on the order of the runs. A second run with the same files
changes nothing.
"""

from __future__ import annotations

import gc
import threading
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from time import monotonic
from typing import Final

from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils import timezone

from articles import documents, heat
from articles.documents import DocumentError, DocumentWarning, NotNewsError
from articles.documents.batches import Parsed, Text
from articles.importing import catalog
from articles.importing.batch import store
from articles.importing.exported import is_as_known
from articles.importing.files import FoundFile, Kind, find, folders_of, printable, read, require
from articles.importing.parsing import Parser
from articles.importing.report import COUNTS, Report, Skipped, dated_ahead
from articles.importing.rows import Incoming
from articles.models import (
    Article,
    ImportProblem,
    ImportRun,
    Related,
    SourceDocument,
    Upload,
)
from articles.policy_fit import Given, fit
from newsroom import database_clock, logs
from newsroom.bulk import hold_write_lock, renew_statistics
from newsroom.interrupts import stop_on_signal
from newsroom.processes import this_process

BATCH_SIZE: Final = 1_000
"""Documents per transaction. More is hardly faster; fewer lets editors write more often."""
CATALOG_BATCH: Final = 100
"""Files of topics and providers in a transaction."""
BATCH_BYTES: Final = 8 * 1024 * 1024
"""Bytes after which a batch is full. 1,000 typical documents have half as many."""

STATISTICS_AFTER: Final = 1_000
"""Number of new documents after which table statistics are first updated; it then doubles."""

SIGN_EVERY: Final = 15.0
"""Seconds between signs of life of a run, even within a batch."""
COUNT_EVERY: Final = 5.0
"""Seconds after which counts are stored if nothing else is. ``unchanged`` files need no write."""

_Batch = list[tuple[FoundFile, bytes, str]]


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
    upload: Upload | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Report:
    """Import everything under ``paths``.

    A dry run does all the work in one transaction and rolls it back; on SQLite nobody else can
    write meanwhile. ``fail_fast`` stops at the first rejected document and keeps those before it.
    ``skip`` skips files in folders that are not news documents; files that ``paths`` names are
    never skipped. ``progress`` is called with the number of documents just finished. SIGINT, SIGTERM
    and ``is_cancelled`` returning true end the run after the current batch. If a path is missing,
    raise FileNotFoundError before writing anything.

    With ``upload`` the files were uploaded: they are not a complete folder, messages use their
    uploaded names, and the import uses the run of the upload, even for a dry run.
    """
    at = at or database_clock.now()
    require(paths)
    started = monotonic()
    report = Report()
    run = upload.run if upload else None
    if run:
        begun = {"state": ImportRun.State.RUNNING, "started_at": at}
        ImportRun.objects.filter(pk=run.pk).update(**begun, **_who_runs())
    elif not dry_run:
        run = _begin(paths, user, at)
    report.run = None if dry_run else run
    scope = _rolled_back() if dry_run else nullcontext()
    state = ImportRun.State.FAILED
    try:
        with (
            logs.about(run=run and run.pk),
            scope,
            stop_on_signal() as stopping,
            _signs_of_life(run),
            _rare_garbage_collection(),
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
                upload is not None,
            )

            def finished(documents: int) -> None:
                progress(documents)
                if is_cancelled():
                    stopping.set()

            work.everything(finished)
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
        if report.run is None:
            # A dry run of an upload: its transaction has been rolled back by now.
            report.record(run)
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


@contextmanager
def _rare_garbage_collection() -> Iterator[None]:
    """Collect garbage once in several batches: there are many objects and no reference cycles."""
    thresholds = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    # The garbage collector can skip everything that exists now.
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)


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
    is_upload: bool = False
    skipped: Skipped = field(default_factory=Skipped)
    uncounted: Report = field(default_factory=Report)
    """Counts that are not in the run's row yet."""
    counted_at: float = field(default_factory=monotonic)
    stubs_counted_at: float = -COUNT_EVERY
    last_pk: int = 0
    """The highest id of an article before this run."""

    @property
    def is_over(self) -> bool:
        return self.stopping.is_set() or (self.fail_fast and self.report.rejected > 0)

    @property
    def done(self) -> int:
        return self.report.done + self.uncounted.done

    def everything(self, progress: Callable[[int], object]) -> None:
        """Import the catalog, then the documents, then compare the scores."""
        self.last_pk = Article.objects.aggregate(last=Max("pk"))["last"] or 0
        catalog_files = find(self.paths, catalog=True, is_upload=self.is_upload)
        while not self.is_over and (some := list(islice(catalog_files, CATALOG_BATCH))):
            self._store_catalog_files(some)
        files = find(self.paths, catalog=False, is_upload=self.is_upload)
        renew_at = STATISTICS_AFTER
        with closing(Parser()) as parser:
            batch = self._next_batch(files, parser)
            while batch is not None:
                before = self.done
                parsed = parser.finish()
                following = self._next_batch(files, parser)
                self._store(batch, parsed)
                if self.report.created >= renew_at:
                    renew_statistics(Article, Related, SourceDocument)
                    renew_at = 2 * self.report.created
                if monotonic() - self.counted_at > COUNT_EVERY:
                    self._count()
                progress(self.done - before)
                batch = None if self.is_over else following
        self._count_stubs()
        self.report.absorb(self.uncounted)
        self._keep(self.skipped.report())
        self._name_duplicates()
        self._compare_scores()

    def _next_batch(self, files: Iterator[FoundFile], parser: Parser) -> _Batch | None:
        """Read files, count the unchanged ones, and start to parse the others."""
        if self.is_over:
            return None
        batch: _Batch = []
        size = 0
        for file in files:
            if found := self._read(file):
                batch.append(found)
                size += len(found[1])
            if len(batch) >= self.batch_size or size >= BATCH_BYTES or self.is_over:
                break
        else:
            if not batch:
                return None
        digests = {digest for _, _, digest in batch}
        documents = SourceDocument.objects.filter(digest__any_of=digests).order_by()
        known = {
            (digest, path): exported
            for digest, path, exported in documents.values_list("digest", "path", "exported_digest")
        }
        changed = [
            one for one in batch if not is_as_known(one[0], known.get((one[2], one[0].name), ""))
        ]
        self.uncounted.unchanged += len(batch) - len(changed)
        parser.start([Text(file.shown, file.name, data) for file, data, _ in changed])
        return changed

    def _store(self, batch: _Batch, parsed: Sequence[Parsed]) -> None:
        incoming: list[Incoming] = []
        warned = Report()
        for (file, data, digest), result in zip(batch, parsed, strict=True):
            if isinstance(result, DocumentError):
                self._refuse(file, result)
                if self.is_over:
                    break
            else:
                document, stem, mark = result
                ahead = dated_ahead(file.shown, data, document, self.at)
                warned.warn((*document.warnings, *ahead))
                incoming.append(Incoming(file, digest, data, document, stem, mark))
        self._keep(warned)
        if incoming:
            self.report.absorb(store(incoming, self.run, self.at))
            self._count()

    def _count(self) -> None:
        """Add the counts that were not stored with a batch to the run."""
        if monotonic() - self.stubs_counted_at > COUNT_EVERY:
            self._count_stubs()
        self.uncounted.record(self.run)
        self.report.absorb(self.uncounted)
        self.uncounted = Report()
        self.counted_at = monotonic()

    def _count_stubs(self) -> None:
        # Coverage-only articles with higher ids are from this run, unless two imports run at once.
        created = Article.objects.filter(pk__gt=self.last_pk, coverage_only=True)
        self.uncounted.stubs = created.count() - self.report.stubs
        self.stubs_counted_at = monotonic()

    def _refuse(self, file: FoundFile, error: DocumentError) -> None:
        """Reject a file, or skip it if it lies in a walked folder and is not a news document."""
        if isinstance(error, NotNewsError) and self.skip and not file.is_named:
            self.skipped.add(file.shown, error.reason)
            self.uncounted.skipped += 1
        else:
            self._reject(error)

    def _reject(self, error: DocumentError) -> None:
        alone = Report()
        alone.reject(error)
        self._keep(alone)

    def _keep(self, part: Report) -> None:
        if part.problems:
            part.record(self.run)
            self.report.absorb(part)

    def _read(self, file: FoundFile) -> tuple[FoundFile, bytes, str] | None:
        """Return a file with its bytes and digest; None if it cannot be read."""
        try:
            return file, *read(file.path, file.shown)
        except DocumentError as error:
            self._refuse(file, error)
            return None

    def _store_catalog_files(self, files: Sequence[FoundFile]) -> None:
        """Store the files that changed since the import that last used them."""
        known = catalog.known_digests()
        found = filter(None, map(self._read, files))
        changed = [one for one in found if one[2] not in known]
        if not changed:
            return
        with transaction.atomic():
            hold_write_lock()
            for file, data, digest in changed:
                if self.is_over:
                    break
                try:
                    with transaction.atomic():
                        warnings = _store_catalog_file(file, data, digest)
                except DocumentError as error:
                    self._refuse(file, error)
                except ValueError as error:
                    self._reject(DocumentError(file.shown, 1, 1, str(error)))
                else:
                    warned = Report()
                    warned.warn(warnings)
                    self._keep(warned)

    def _name_duplicates(self) -> None:
        """Report the articles of this run that share their address with others."""
        if not (self.report.created or self.report.updated):
            return
        part = Report()
        stored = Article.objects.filter(source_document__run=self.run)
        others = Article.objects.filter(address_key=OuterRef("address_key"), coverage_only=False)
        shared = stored.filter(Exists(others.exclude(pk=OuterRef("pk"))))
        keys = sorted(set(shared.values_list("address_key", flat=True)))
        same = Article.objects.filter(address_key__any_of=keys, coverage_only=False)
        rows = same.order_by("address_key", "published_at", "slug")
        for _, group in groupby(rows.values_list("address_key", "url", "slug"), itemgetter(0)):
            members = list(group)
            url, slugs = members[0][1], sorted(slug for _, _, slug in members)
            message = f"{', '.join(slugs)}: one address, {url}"
            part.add(ImportProblem.Kind.DUPLICATE, "", message, url=url, slugs=slugs)
        self._keep(part)

    def _compare_scores(self) -> None:
        """Report where the score of a document differs from the policy's, and a better policy."""
        part = Report()
        policy = heat.current_policy()
        tally: Counter[Given] = Counter()
        for articles in self._articles():
            for chunk in heat.outcomes(articles.filter(heat_is_given=True), policy, self.at):
                tally.update(one.given for one in chunk if one.given)
                for difference in heat.differing(chunk, policy, self.at):
                    part.add(ImportProblem.Kind.SCORE, "", str(difference), **difference.as_json())
        if tally:
            self.report.fit = fit(tally, policy)
            if self.report.fit.is_poor:
                part.add(ImportProblem.Kind.POLICY, "", self.report.fit.advice)
        self._keep(part)

    def _articles(self) -> Iterator[QuerySet[Article]]:
        """Yield the articles of this run's documents, by id, heat.CHUNK less one at a time."""
        # A join would read all documents of the run for each piece.
        of_run = SourceDocument.objects.filter(run=self.run).order_by("article_id")
        ids = array("q", of_run.values_list("article_id", flat=True).iterator())
        size = heat.CHUNK - 1
        for start in range(0, len(ids), size):
            yield Article.objects.filter(pk__any_of=set(ids[start : start + size]))


def _store_catalog_file(file: FoundFile, data: bytes, digest: str) -> tuple[DocumentWarning, ...]:
    """Store a topic or a provider and return the warnings. Raise DocumentError or ValueError."""
    if file.kind is Kind.TOPIC:
        topic = documents.parse_topic(file.shown, data)
        message = catalog.store_topic_file(topic, digest)
        more = (DocumentWarning(file.shown, 1, 1, message),) if message else ()
        return (*topic.warnings, *more)
    provider = documents.parse_provider(file.shown, data)
    catalog.store_provider_file(provider, digest, Path(file.name).name)
    return provider.warnings

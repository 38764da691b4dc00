"""Imports that several workers do: any worker parses any part, and parts are stored in turn.

``keep`` cuts files into parts. For each of them, a worker calls ``parse_part``, which keeps the
parsed documents, and then ``store_ready``, which stores the parts whose turn has come. If the turn
of its own part has not come, the worker that stores the one before it goes on with it. So nobody
waits, and the rows are those of an import alone.

A part is stored, and the next one has its turn, in the same transaction. A worker may therefore be
killed at any moment, and a unit may be done twice. ``unfinished`` names what is left to do. Runs are
stored one after the other, in the order in which they were queued.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone

from articles.importing.archives import StoppedError, UploadError
from articles.importing.batch import store
from articles.importing.packing import inode_of, pack, pack_parsed, unpack, unpack_parsed
from articles.importing.parts import (
    BATCH_SIZE,
    Part,
    cut,
    follow_growth,
    is_of_catalog,
    sort,
    store_catalog,
    to_parse,
    unchanged,
)
from articles.importing.report import COUNTS, Report
from articles.importing.summary import summarize
from articles.models import Article, ImportFile, ImportPart, ImportRun, Upload
from newsroom import bulk, database_clock, logs

State = ImportRun.State
PENDING: Final = (State.QUEUED, State.RUNNING)
"""The states of a run that is waiting for a worker, or being processed."""
AHEAD: Final = 20
"""How many parts wait in the queue at once: more than all workers parse in a second or two."""
_STORING: Final = "queued imports"

IsStopping = Callable[[], bool]


class _Step(Enum):
    DONE = auto()
    WAITING = auto()
    BUSY = auto()


def keep(
    upload: Upload,
    paths: Sequence[Path],
    batch_size: int = BATCH_SIZE,
    *,
    is_upload: bool = False,
    progress: Callable[[int], object] = lambda documents: None,
) -> None:
    """Keep files as parts, unless they are kept already; set the numbers of parts and documents."""
    upload.parts = upload.total = 0
    for catalog in (True, False):
        for part in cut(paths, batch_size, catalog=catalog, is_upload=is_upload):
            _keep_part(upload.token, upload.parts, part)
            upload.parts += 1
            if not catalog:
                upload.total += len(part)
                progress(len(part))


def _keep_part(token: str, number: int, part: Part) -> None:
    if ImportPart.objects.filter(token=token, number=number).exists():
        return
    inodes = [inode_of(one.file.path) for one in part]
    texts = pack(part, inodes)
    # Files of the catalog are parsed when they are stored.
    parsed = pack_parsed(part, []) if is_of_catalog(part) else None
    with transaction.atomic():
        row = ImportPart.objects.create(token=token, number=number, texts=texts, parsed=parsed)
        files = (
            (row.pk, position, one.file.name, inode, one.digest)
            for position, (one, inode) in enumerate(zip(part, inodes, strict=True))
            if inode
        )
        bulk.insert(ImportFile, ("part_id", "position", "name", "inode", "digest"), files)


def forget(tokens: Sequence[str]) -> None:
    """Delete the parts of files."""
    ImportFile.objects.filter(part__token__in=tokens).delete()
    ImportPart.objects.filter(token__in=tokens).delete()


def unfinished() -> list[tuple[int, int]]:
    """Return what is left to do, as upload and part: some to parse, and the one to store next.

    Later runs of the queue have their turn when the first is finished. Up to three queries.
    """
    upload = _pending().first()
    if upload is None or upload.parts is None:
        return []
    unparsed = ImportPart.objects.filter(token=upload.token, parsed=None)
    numbers = (
        set() if upload.is_cancelled else set(unparsed.values_list("number", flat=True)[:AHEAD])
    )
    if _is_ready(upload):
        numbers.add(upload.stored)
    return [(upload.pk, number) for number in sorted(numbers)]


def parse_part(pk: int, number: int) -> None:
    """Parse a part and keep the result, unless this was done already."""
    upload = _pending().filter(pk=pk).first()
    if upload is None or upload.is_cancelled:
        return
    row = ImportPart.objects.filter(token=upload.token, number=number, parsed=None).first()
    if row is None:
        return
    part = unpack(row)
    known = unchanged(part)
    with logs.about(run=upload.run.pk), failing(upload):
        parsed = pack_parsed(part, to_parse(part, known))
    ImportPart.objects.filter(pk=row.pk, parsed=None).update(parsed=parsed)


def store_ready(is_stopping: IsStopping = lambda: False) -> None:
    """Store the parts whose turn has come and that are parsed, unless another worker does.

    That worker looks again after it has released the lock, and so sees what was parsed before this
    one found it taken.
    """
    with suppress(StoppedError):
        while not is_stopping():
            step = _step(is_stopping)
            if step is _Step.BUSY or (step is _Step.WAITING and not _is_next_ready()):
                return


def _step(is_stopping: IsStopping) -> _Step:
    """Do the next thing for the first run of the queue."""
    upload = _pending().first()
    if upload is None or not _is_ready(upload):
        return _Step.WAITING
    with logs.about(run=upload.run.pk), failing(upload):
        # This takes long, so others may write meanwhile.
        rest = _rest(upload) if _is_stored(upload) else None
        before = upload.run.created
        with transaction.atomic():
            if not bulk.try_lock(_STORING):
                return _Step.BUSY
            first = _pending().first()
            if first != upload or not _is_ready(first):
                return _Step.WAITING
            if first.run.state == State.QUEUED:
                _begin(first)
            elif first.is_dry_run:
                _check(first, is_stopping)
            elif not _is_stored(first):
                _store_next(first)
            elif rest is not None:
                _finish(first, rest)
        if not first.is_dry_run:
            first.run.refresh_from_db(fields=["created"])
            follow_growth(before, first.run.created)
    return _Step.DONE


def _pending() -> QuerySet[Upload]:
    """Return the runs that are not finished, in the order of the queue."""
    return Upload.objects.filter(run__state__in=PENDING).select_related("run").order_by("pk")


def _is_next_ready() -> bool:
    upload = _pending().first()
    return upload is not None and _is_ready(upload)


def _is_ready(upload: Upload) -> bool:
    """Return whether something can be done for the first run of the queue. At most one query."""
    if upload.parts is None:
        return False
    if upload.run.state == State.QUEUED or _is_stored(upload) or upload.is_cancelled:
        return True
    missing = ImportPart.objects.filter(token=upload.token, parsed=None)
    if not upload.is_dry_run:
        missing = missing.filter(number=upload.stored)
    return not missing.exists()


def _is_stored(upload: Upload) -> bool:
    """Return whether no part will be stored any more."""
    if upload.run.state != State.RUNNING or upload.is_dry_run:
        return False
    is_over = upload.is_cancelled or (upload.fail_fast and upload.run.rejected > 0)
    return is_over or upload.stored == upload.parts


def _begin(upload: Upload) -> None:
    last = Article.objects.aggregate(last=Max("pk"))["last"] or 0
    change(upload, last_article=last, begun_at=upload.begun_at or timezone.now())
    ImportRun.objects.filter(pk=upload.run.pk).update(
        state=State.RUNNING, started_at=database_clock.now()
    )


def _store_next(upload: Upload) -> None:
    part, report = _store_part(upload, upload.stored)
    skips = _skips(upload)
    skips.update(report.skips)
    change(
        upload,
        stored=upload.stored + 1,
        done=F("done") + (0 if is_of_catalog(part) else len(part)),
        skips=[[*key, count] for key, count in skips.items()],
    )


def _skips(upload: Upload) -> Counter[tuple[str, str]]:
    return Counter({(folder, reason): count for folder, reason, count in upload.skips or ()})


def _store_part(upload: Upload, number: int) -> tuple[Part, Report]:
    row = ImportPart.objects.filter(token=upload.token, number=number).first()
    if row is None or row.parsed is None:
        raise UploadError("The files are no longer there. Import them again.")
    part, run, at = unpack(row), upload.run, upload.run.started_at
    if is_of_catalog(part):
        report = store_catalog(part, fail_fast=upload.fail_fast)
        report.record(run)
        return part, report
    parsed = unpack_parsed(bytes(row.parsed))
    incoming, report = sort(part, unchanged(part), parsed, at, fail_fast=upload.fail_fast)
    report.record(run)
    if incoming:
        report.absorb(store(incoming, run, at))
    return part, report


def _rest(upload: Upload) -> Report:
    """Return what a run finds out at its end."""
    run = upload.run
    so_far = Report(**{name: getattr(run, name) for name in COUNTS}, skips=_skips(upload))
    return summarize(run, run.started_at, upload.last_article, so_far)


def _finish(upload: Upload, rest: Report) -> None:
    rest.record(upload.run)
    change(upload, policy=rest.policy)
    if upload.is_cancelled:
        end(upload, State.INTERRUPTED, "Canceled. What was imported before is kept.")
    else:
        end(upload, State.FINISHED)


def _check(upload: Upload, is_stopping: IsStopping) -> None:
    """Store everything and roll it back. On SQLite nobody else can write meanwhile."""
    report = Report()
    is_over = False
    with transaction.atomic():
        for number in range(upload.parts or 0):
            if is_stopping():
                raise StoppedError
            is_over = Upload.objects.filter(pk=upload.pk, is_cancelled=True).exists()
            if is_over or (upload.fail_fast and report.rejected):
                break
            report.absorb(_store_part(upload, number)[1])
        report.absorb(summarize(upload.run, upload.run.started_at, upload.last_article, report))
        transaction.set_rollback(True)
    report.record(upload.run)
    change(upload, policy=report.policy)
    if is_over:
        end(upload, State.INTERRUPTED, "Canceled. Nothing was written.")
    else:
        change(upload, done=F("total"))
        end(upload, State.CHECKED)


def end(upload: Upload, state: ImportRun.State, message: str = "") -> None:
    """End a run that is not ended yet."""
    pending = ImportRun.objects.filter(pk=upload.run.pk, state__in=PENDING)
    if pending.update(state=state, finished_at=timezone.now()):
        change(upload, message=message)


def change(upload: Upload, **values: Any) -> None:
    Upload.objects.filter(pk=upload.pk).update(**values)


@contextmanager
def failing(upload: Upload) -> Iterator[None]:
    """End the run if the block fails, unless the database cannot be reached: then others go on."""
    try:
        yield
    except UploadError as error:
        end(upload, State.REFUSED, str(error))
    except StoppedError:
        raise
    except Exception:
        with suppress(DatabaseError, InterfaceError, OperationalError):
            end(upload, State.FAILED, "The import failed. The worker's log says why.")
        raise

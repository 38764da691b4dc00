"""Uploads: files kept in the private storage, imported by one background task.

``receive`` stores the files and queues a run. ``articles/tasks.py`` calls ``import_one``, which
unpacks them in a temporary folder and imports them. Files are removed after their import, and at
the latest ``KEPT`` after their upload.
"""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.storage import Storage, storages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from articles import importing
from articles.importing.archives import StoppedError, Unpacker, UploadError
from articles.importing.files import ENDINGS, printable
from articles.importing.report import Report
from articles.models import ImportRun, Upload
from newsroom.interrupts import Stop

KEPT: Final = timedelta(days=1)
"""How long the files of dry runs and unfinished imports are kept."""
_EVERY: Final = 1.0
"""Seconds between two checks whether somebody canceled the import."""
PENDING: Final = (ImportRun.State.QUEUED, ImportRun.State.RUNNING)
"""The states of a run that is waiting for a worker, or being processed."""

logger = logging.getLogger(__name__)


def storage() -> Storage:
    """Return the storage of uploads, which web servers and workers share and nobody else reads."""
    return storages["uploads"]


def receive(files: Sequence[UploadedFile[Any]], *, by: User, is_dry_run: bool) -> Upload:
    """Store uploaded files and queue their import or dry run."""
    token = secrets.token_urlsafe(24).replace("-", "_")
    upload = Upload(token=token, names=[file.name for file in files], is_dry_run=is_dry_run)
    try:
        for name, file in zip(upload.stored_names, files, strict=True):
            storage().save(name, file)
        return _queue(upload, by)
    except BaseException:
        _remove(upload)
        raise


def _queue(upload: Upload, by: User) -> Upload:
    with transaction.atomic():
        upload.run = ImportRun.objects.create(
            started_at=timezone.now(),
            started_by=by,
            state=ImportRun.State.QUEUED,
            paths=[printable(name) for name in upload.names],
        )
        upload.save()
    return upload


def import_again(pk: int, *, by: User) -> Upload | None:
    """Queue the import of an earlier run's files, or return the run that already imports them.

    Return None if the files are gone.
    """
    with transaction.atomic():
        before = Upload.objects.select_related("run").select_for_update().get(pk=pk)
        same = Upload.objects.filter(token=before.token, run__state__in=PENDING)
        if pending := same.select_related("run").first():
            return pending
        if not before.can_be_imported:
            return None
        return _queue(Upload(token=before.token, names=before.names), by)


def cancel(upload: Upload) -> None:
    """Cancel an upload; its worker stops after the current batch."""
    Upload.objects.filter(pk=upload.pk).update(is_cancelled=True)
    waiting = ImportRun.objects.filter(pk=upload.run.pk, state=ImportRun.State.QUEUED)
    if waiting.filter(upload__begun_at=None).update(
        state=ImportRun.State.INTERRUPTED, finished_at=timezone.now()
    ):
        Upload.objects.filter(pk=upload.pk).update(message="Canceled before it began.")


def next_due() -> int | None:
    """Return the key of the upload to import next, or to mark because its worker was killed."""
    return _due().values_list("pk", flat=True).first()


def _due() -> QuerySet[Upload]:
    # The admin may have marked the run as killed first.
    killed = Q(run__state=ImportRun.State.KILLED, begun_at__isnull=False, message="")
    return Upload.objects.filter(Q(run__state__in=PENDING) | killed).order_by("pk")


def import_one(pk: int, stopping: Stop) -> None:
    """Import an upload that is due, or mark it as killed if a worker had begun it.

    Only one process at a time may do this. A signal sets ``stopping``.
    """
    upload = _due().select_related("run").filter(pk=pk).first()
    if upload is None:
        return
    if upload.begun_at is not None:
        words = "The worker was killed. What was imported before is kept."
        _end(upload, ImportRun.State.KILLED, words)
    elif _import(upload, stopping.is_set):
        stopping.set()


def _import(upload: Upload, is_stopping: Callable[[], bool]) -> bool:
    """Import or try an upload; return whether a signal ended it."""
    _set(upload, begun_at=timezone.now())
    is_cancelled = _every_second(lambda: _is_cancelled(upload))
    report = None
    errors = Report()
    try:
        with _folder() as folder:
            unpacker = Unpacker(folder, lambda: is_stopping() or is_cancelled())
            _unpack(upload, unpacker, errors)
            _set(upload, total=unpacker.documents)
            report = importing.run(
                unpacker.paths,
                dry_run=upload.is_dry_run,
                progress=partial(_count, upload),
                upload=upload,
                is_cancelled=is_cancelled,
            )
    except UploadError as error:
        _end(upload, ImportRun.State.REFUSED, str(error))
        _remove(upload)
    except StoppedError:
        if is_stopping():
            # The next worker begins again.
            _set(upload, begun_at=None)
            return True
        _end(upload, ImportRun.State.INTERRUPTED, "Canceled before anything was imported.")
    except Exception:
        _end(upload, ImportRun.State.FAILED, "The import failed. The worker's log says why.")
        raise
    finally:
        errors.record(upload.run)
    if report is None:
        return False
    if not report.interrupted:
        _set(upload, done=F("total"))
        if not upload.is_dry_run:
            _remove(upload)
        return False
    kept = "Nothing was written." if upload.is_dry_run else "What was imported before is kept."
    why = "Canceled." if _is_cancelled(upload) else "The worker was stopped."
    _set(upload, message=f"{why} {kept}")
    return not _is_cancelled(upload)


def _count(upload: Upload, documents: int) -> None:
    # In a dry run, this would only lock the row until the transaction is rolled back.
    if not upload.is_dry_run:
        _set(upload, done=F("done") + documents)


def _unpack(upload: Upload, unpacker: Unpacker, errors: Report) -> None:
    """Unpack all files of an upload. Raise ``UploadError`` and ``StoppedError``."""
    try:
        for name, stored in zip(upload.names, upload.stored_names, strict=True):
            with storage().open(stored) as file:
                unpacker.add(name, file)
    except FileNotFoundError as error:
        raise UploadError(
            "The worker cannot find the uploaded files. Web servers and workers on several machines "
            "must share UPLOAD_ROOT, or use UPLOAD_S3_BUCKET."
        ) from error
    finally:
        for fault in unpacker.errors:
            errors.reject(fault)
    if not unpacker.files:
        if unpacker.errors:
            raise UploadError("None of the documents can be imported; each is listed below.")
        raise UploadError(f"No documents were found. Their names must end in {', '.join(ENDINGS)}.")


@contextmanager
def _folder() -> Iterator[Path]:
    """Create an empty folder for the block. First remove one that a killed process left."""
    folder = Path(settings.UPLOAD_ROOT) / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end(upload: Upload, state: ImportRun.State, message: str) -> None:
    _set(upload, message=message)
    ImportRun.objects.filter(pk=upload.run.pk).update(state=state, finished_at=timezone.now())


def _set(upload: Upload, **values: Any) -> None:
    Upload.objects.filter(pk=upload.pk).update(**values)


def _is_cancelled(upload: Upload) -> bool:
    return Upload.objects.filter(pk=upload.pk, is_cancelled=True).exists()


def _every_second(ask: Callable[[], bool]) -> Callable[[], bool]:
    """Return a function that calls ``ask`` at most once a second, until it returns true."""
    answer, next_at = False, 0.0

    def asked() -> bool:
        nonlocal answer, next_at
        if not answer and monotonic() >= next_at:
            answer, next_at = ask(), monotonic() + _EVERY
        return answer

    return asked


def _remove(upload: Upload) -> None:
    for name in upload.stored_names:
        storage().delete(name)
    Upload.objects.filter(token=upload.token).update(removed_at=timezone.now())


def remove_old(at: datetime) -> None:
    """Remove files that were uploaded more than ``KEPT`` ago and that no pending run needs."""
    needed = set(Upload.objects.filter(run__state__in=PENDING).values_list("token", flat=True))
    try:
        _, names = storage().listdir("")
    except FileNotFoundError:
        # Nobody has uploaded anything yet.
        return
    removed = set()
    for name in names:
        token = name.partition("-")[0]
        if token not in needed and storage().get_modified_time(name) < at - KEPT:
            storage().delete(name)
            removed.add(token)
    Upload.objects.filter(token__in=removed).update(removed_at=at)

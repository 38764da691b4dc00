"""Imports given to the workers: files uploaded in the admin, or folders of a server.

``receive`` keeps uploaded files in the private storage, ``submit`` the documents of folders.
``prepare`` unpacks uploaded files in a temporary folder. After that, both consist of parts, and
``work`` does one of them: see ``queued``. Files are removed after their import, and at the latest
``KEPT`` after they came.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.storage import Storage, storages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from articles.importing import queued
from articles.importing.archives import StoppedError, Unpacker, UploadError
from articles.importing.files import ENDINGS, printable, require
from articles.importing.parts import BATCH_SIZE, rare_garbage_collection
from articles.importing.queued import PENDING, IsStopping, State, change, failing
from articles.importing.report import Report
from articles.models import ImportPart, ImportRun, Upload
from newsroom import logs

KEPT: Final = timedelta(days=1)
"""How long the files of dry runs and unfinished imports are kept."""
_EVERY: Final = 1.0
"""Seconds between two checks whether somebody canceled the import."""
_UNPACKING: Final = "unpacking-"


def storage() -> Storage:
    """Return the storage of uploads, which web servers and workers share and nobody else reads."""
    return storages["uploads"]


def receive(files: Sequence[UploadedFile[Any]], *, by: User, is_dry_run: bool) -> Upload:
    """Store uploaded files and queue their import or dry run."""
    names = [str(file.name) for file in files]
    upload = Upload(token=_new_token(), names=names, is_dry_run=is_dry_run)
    try:
        for name, file in zip(upload.stored_names, files, strict=True):
            storage().save(name, file)
        return _queue(upload, by, [printable(name) for name in names])
    except BaseException:
        _remove(upload)
        raise


def submit(
    paths: Sequence[Path],
    *,
    dry_run: bool = False,
    fail_fast: bool = False,
    batch_size: int = BATCH_SIZE,
    user: User | None = None,
    progress: Callable[[int], object] = lambda documents: None,
) -> Upload:
    """Keep the documents of folders and queue their import or dry run.

    ``progress`` is called with the number of documents just kept. Raise FileNotFoundError, or
    NotADirectoryError for a file, because the workers would not know what else is in its folder.
    """
    require(paths)
    for path in paths:
        if not path.is_dir():
            raise NotADirectoryError(f"{printable(str(path))}: only folders can be queued")
    upload = Upload(token=_new_token(), names=[], is_dry_run=dry_run, fail_fast=fail_fast)
    try:
        queued.keep(upload, paths, batch_size, progress=progress)
        return _queue(upload, user, [printable(str(path)) for path in paths], paths)
    except BaseException:
        _remove(upload)
        raise


def _new_token() -> str:
    return secrets.token_urlsafe(24).replace("-", "_")


def _queue(
    upload: Upload, by: User | None, names: Sequence[str], folders: Sequence[Path | str] = ()
) -> Upload:
    """Save an upload with a new run. ``names`` say what is imported."""
    whole = list(dict.fromkeys(str(Path(folder).absolute()) for folder in folders))
    with transaction.atomic():
        upload.run = ImportRun.objects.create(
            started_at=timezone.now(),
            started_by=by,
            state=State.QUEUED,
            paths=list(names),
            folders=whole,
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
        upload = Upload(token=before.token, names=before.names)
        if not before.names:
            upload.parts, upload.total = before.parts, before.total
        return _queue(upload, by, before.run.paths, before.run.folders)


def cancel(upload: Upload) -> None:
    """Cancel a run. If it has begun, the next worker ends it after the current part."""
    change(upload, is_cancelled=True)
    ended = {"state": State.INTERRUPTED, "finished_at": timezone.now()}
    waiting = ImportRun.objects.filter(pk=upload.run.pk, state=State.QUEUED)
    if waiting.update(**ended):
        has_begun = Upload.objects.filter(pk=upload.pk, begun_at__isnull=False).exists()
        words = "before anything was imported" if has_begun else "before it began"
        change(upload, message=f"Canceled {words}.")


def is_pending(upload: Upload) -> bool:
    """Return whether a run waits for workers, or is being processed. One query."""
    return ImportRun.objects.filter(pk=upload.run.pk, state__in=PENDING).exists()


def _unprepared() -> QuerySet[Upload]:
    # A worker of a former version may have been killed while its run was running.
    return Upload.objects.filter(run__state__in=PENDING, parts=None)


def unprepared() -> list[int]:
    """Return the ids of the uploads to prepare, in the order of the queue. One query."""
    return list(_unprepared().order_by("pk").values_list("pk", flat=True))


def prepare(pk: int, is_stopping: IsStopping = lambda: False) -> None:
    """Unpack uploaded files and keep their documents as parts, unless this was done already."""
    waiting = _unprepared().filter(pk=pk)
    upload = waiting.select_related("run").first()
    if upload is None:
        return
    change(upload, begun_at=timezone.now())
    is_ended = _every_second(lambda: not waiting.exists())
    errors = Report()
    with logs.about(run=upload.run.pk), failing(upload):
        try:
            root = Path(settings.UPLOAD_ROOT)
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=_UNPACKING, dir=root) as folder:
                unpacker = Unpacker(Path(folder), lambda: is_stopping() or is_ended())
                _unpack(upload, unpacker, errors)
                queued.keep(upload, unpacker.paths, BATCH_SIZE, is_upload=True)
        except StoppedError:
            # The next worker begins again, unless somebody canceled the import.
            waiting.update(begun_at=None)
            return
        except UploadError:
            errors.record(upload.run)
            raise
        with transaction.atomic():
            if waiting.update(parts=upload.parts, total=upload.total):
                errors.record(upload.run)
                ImportRun.objects.filter(pk=upload.run.pk).update(state=State.QUEUED)


def work(pk: int, number: int, is_stopping: IsStopping = lambda: False) -> None:
    """Parse a part, store the parts whose turn has come, and remove what is not needed any more."""
    with rare_garbage_collection():
        queued.parse_part(pk, number)
        queued.store_ready(is_stopping)
    remove_imported()


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


def _every_second(ask: Callable[[], bool]) -> Callable[[], bool]:
    """Return a function that calls ``ask`` at most once a second, until it returns true."""
    answer, next_at = False, 0.0

    def asked() -> bool:
        nonlocal answer, next_at
        if not answer and monotonic() >= next_at:
            answer, next_at = ask(), monotonic() + _EVERY
        return answer

    return asked


def remove_imported() -> None:
    """Remove the files of runs that need them no more."""
    over = Upload.objects.filter(removed_at=None, run__state__in=[State.FINISHED, State.REFUSED])
    for upload in over:
        _remove(upload)


def _remove(upload: Upload) -> None:
    for name in upload.stored_names:
        storage().delete(name)
    queued.forget([upload.token])
    Upload.objects.filter(token=upload.token).update(removed_at=timezone.now())


def remove_old(at: datetime) -> None:
    """Remove files that came more than ``KEPT`` ago and that no pending run needs."""
    needed = set(Upload.objects.filter(run__state__in=PENDING).values_list("token", flat=True))
    try:
        _, names = storage().listdir("")
    except FileNotFoundError:
        # Nobody has uploaded anything yet.
        names = []
    removed = set()
    for name in names:
        token = name.partition("-")[0]
        if token not in needed and storage().get_modified_time(name) < at - KEPT:
            storage().delete(name)
            removed.add(token)
    old = ImportPart.objects.filter(created_at__lt=at - KEPT).exclude(token__in=needed)
    removed |= set(old.order_by().values_list("token", flat=True).distinct())
    queued.forget(sorted(removed))
    Upload.objects.filter(token__in=removed).update(removed_at=at)
    for folder in Path(settings.UPLOAD_ROOT).glob(f"{_UNPACKING}*"):
        if datetime.fromtimestamp(folder.stat().st_mtime, UTC) < at - KEPT:
            shutil.rmtree(folder, ignore_errors=True)

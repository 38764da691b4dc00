"""Restore a backup: check it, store its media, then replace the database in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.utils import timezone

from articles.backup import archive, tables
from articles.backup.archive import ABOUT, FORMAT, MANIFEST, BackupError, Files, Member
from articles.backup.making import about_this_newsroom
from articles.backup.tables import Digest, Table
from articles.models import Article, Edition, Epoch, ImportRun, StoredImage, Topic
from articles.units import forget_waiting
from newsroom import bulk
from providers.models import Provider

Manifest = dict[str, Any]
Progress = Callable[[], object]


@dataclass(slots=True)
class Restored:
    """What was restored, or what a dry run would restore."""

    dry_run: bool
    made_at: str
    rows: int
    files: int
    bytes: int
    replaced: dict[str, int]
    """How much was lost, by kind."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def restore(path: Path, progress: Progress, *, replace: bool, dry_run: bool = False) -> Restored:
    """Restore the backup at ``path``.

    Raise ``BackupError`` or ``OSError``; then the database is as before. It is not replaced unless
    ``replace`` is given. Sessions, queued tasks and stored pages are forgotten, and programs that
    follow the API begin again.
    """
    manifest = _checked(path, progress)
    lost = content()
    restored = Restored(
        dry_run,
        str(manifest["made_at"]),
        sum(table["rows"] for table in manifest["tables"].values()),
        manifest["media"]["files"],
        manifest["media"]["bytes"],
        lost,
    )
    if dry_run:
        return restored
    _refuse_loss(lost, replace=replace)
    # First, as nobody sees them without their rows. If the rest fails, prune_images removes them.
    _store_media(path, manifest, progress)
    with transaction.atomic(durable=True):
        bulk.hold_write_lock()
        _refuse_loss(content(), replace=replace)
        _load(path, manifest, progress)
        Edition.objects.create(pk=1, token=uuid4().hex, begun_at=timezone.now())
        Epoch.objects.create(token=uuid4().hex)
    ContentType.objects.clear_cache()
    bulk.renew_statistics(*(table.model for table in tables.kept().values()))
    forget_waiting()
    cache.clear()
    return restored


def content() -> dict[str, int]:
    """Return how much a restore would replace, by kind; nothing in a new newsroom."""
    kinds: tuple[type[models.Model], ...] = (
        *(Article, Provider, Topic, StoredImage, ImportRun),
        get_user_model(),
    )
    counts = {str(kind._meta.verbose_name_plural): kind._default_manager.count() for kind in kinds}
    return {name: count for name, count in counts.items() if count}


def _refuse_loss(lost: dict[str, int], *, replace: bool) -> None:
    if lost and not replace:
        raise BackupError(
            f"This newsroom is not empty: {in_words(lost)} would be lost. Make a backup of it, then "
            "use --replace."
        )


def in_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _checked(path: Path, progress: Progress) -> Manifest:
    """Read the whole backup, and return its manifest. Raise ``BackupError``."""
    kept = tables.kept()
    digests = {name: Digest(table) for name, table in kept.items()}
    media = Files()
    manifest: Manifest | None = None
    is_first = True
    with archive.reading(path) as members:
        for member in members:
            if is_first:
                _check_about(path, member)
                is_first = False
            elif member.table:
                for row in _rows_of(member, kept):
                    digests[member.table].add(row)
                    progress()
            elif member.stored_name:
                media.add(member.stored_name, member.file)
                progress()
            elif member.name == MANIFEST:
                manifest = member.json()
    if manifest is None:
        raise BackupError(f"{path} is not complete: its end is missing. Use another backup.")
    _compare(manifest, digests, path)
    if manifest.get("media") != media.as_json():
        raise BackupError(f"{path} is damaged: media files differ. Use another backup.")
    return manifest


def _check_about(path: Path, member: Member) -> None:
    if member.name != ABOUT:
        raise BackupError(f"{path} is not a backup of Newsroom.")
    about, here = member.json(), about_this_newsroom()
    if about.get("format") != FORMAT:
        raise BackupError(
            f"{path} has the format {about.get('format')}; this version restores {FORMAT}. Restore "
            f"it with Newsroom {about.get('newsroom')}."
        )
    theirs, ours = set(about.get("migrations", [])), set(here["migrations"])
    if theirs != ours:
        parts = [
            f"{what} {', '.join(sorted(names)[:3])}{' and others' if len(names) > 3 else ''}"
            for what, names in (
                ("this newsroom lacks", theirs - ours),
                ("the backup lacks", ours - theirs),
            )
            if names
        ]
        raise BackupError(
            f"The backup was made with other migrations: {', and '.join(parts)}. Install Newsroom "
            f"{about.get('newsroom')}, the version that made it, run manage.py migrate on an empty "
            "database, restore there, and upgrade then."
        )
    if about.get("columns") != here["columns"]:
        raise BackupError(f"{path} has other columns than this newsroom.")


def _rows_of(member: Member, kept: dict[str, Table]) -> Iterator[list[Any]]:
    table = kept.get(member.table or "")
    if table is None:
        raise BackupError(f"The backup is damaged: there is no table {member.table}.")
    for row in member.rows():
        if len(row) != len(table.columns):
            raise BackupError(f"The backup is damaged: {member.name} has rows of another length.")
        yield row


def _compare(manifest: Manifest, digests: dict[str, Digest], what: object) -> None:
    """Raise ``BackupError`` if tables differ from the manifest."""
    told = manifest.get("tables", {})
    for name, digest in digests.items():
        expected = told.get(name, {})
        if (expected.get("rows"), expected.get("digest")) != (digest.rows, digest.hexdigest()):
            raise BackupError(f"{what} is damaged: {name} differs. Use another backup.")


def _store_media(path: Path, manifest: Manifest, progress: Progress) -> None:
    stored = Files()
    with archive.reading(path) as members:
        for member in members:
            if name := member.stored_name:
                # In memory: some storages read a file twice. A picture has a few megabytes.
                default_storage.save(name, ContentFile(member.file.read()))
                with default_storage.open(name) as file:
                    stored.add(name, file)
                progress()
    if manifest["media"] != stored.as_json():
        raise BackupError(
            "The storage returns other media files than were stored. Nothing else changed."
        )


def _load(path: Path, manifest: Manifest, progress: Progress) -> None:
    """Replace all rows, and check that the database returns the same."""
    kept = tables.kept()
    with tables.without_triggers():
        tables.empty()
        with archive.reading(path) as members:
            for member in members:
                if member.table:
                    kept[member.table].insert(_told(_rows_of(member, kept), progress))
    digests = {name: Digest(table) for name, table in kept.items()}
    for name, table in kept.items():
        for row in table.rows():
            digests[name].add(row)
        if last := manifest["tables"][name]["last_key"]:
            table.go_on_after(last)
    _compare(manifest, digests, "What the database returns")


def _told(rows: Iterator[list[Any]], progress: Progress) -> Iterator[list[Any]]:
    for row in rows:
        progress()
        yield row

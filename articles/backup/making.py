"""Make a backup, while others write."""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from articles.backup import archive, tables
from articles.backup.archive import ABOUT, FORMAT, MANIFEST, MEDIA, FileReader, Files, Writer
from articles.backup.tables import Digest, Table
from articles.models import StoredImage
from newsroom.iso_dates import iso

_CHUNK: Final = 4_000_000
"""About how many bytes of rows are in one member, and so in memory."""


@dataclass(slots=True)
class Made:
    """What a backup contains."""

    rows: int = 0
    files: int = 0
    bytes: int = 0
    """Of the media files."""
    missing: list[str] = field(default_factory=list)
    """Media files that should be there, and are not."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> str:
        return f"{self.rows:,} rows and {self.files:,} media files ({self.bytes:,} bytes)"


def make(path: Path, progress: Callable[[], object]) -> Made:
    """Write a backup to ``path``, and replace a file of that name when it is complete.

    Raise ``OSError``. Media files never change under their name, so those of the rows are copied
    after the transaction. Nobody has to wait for it.
    """
    made = Made()
    # Not in memory: an archive may have millions of pictures.
    with archive.writing(path) as writer, tempfile.TemporaryFile("w+") as names:
        with _snapshot():
            about = about_this_newsroom()
            writer.add_json(ABOUT, about)
            kept = tables.kept()
            found = {name: _write_rows(writer, kept[name], names, progress) for name in kept}
        media = Files()
        names.seek(0)
        for line in names:
            _write_file(writer, line.rstrip("\n"), media, made)
            progress()
        writer.add_json(MANIFEST, {**about, "tables": found, "media": media.as_json()})
    made.rows = sum(one["rows"] for one in found.values())
    made.files, made.bytes = media.count, media.bytes
    return made


def about_this_newsroom() -> dict[str, Any]:
    """Return what a restore compares."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    labels = {table.model._meta.app_label for table in tables.kept().values()}
    applied = MigrationRecorder(connection).applied_migrations()
    return {
        "format": FORMAT,
        "newsroom": project["version"],
        "database": connection.vendor,
        "made_at": iso(timezone.now()),
        "migrations": sorted(f"{app}.{name}" for app, name in applied if app in labels),
        "columns": {name: table.columns for name, table in tables.kept().items()},
    }


@contextmanager
def _snapshot() -> Iterator[None]:
    """Let the block see the database at one moment. Others may write."""
    if connection.vendor == "postgresql":
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # Django's transactions take the write lock.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def _write_rows(
    writer: Writer, table: Table, names: IO[str], progress: Callable[[], object]
) -> dict[str, Any]:
    """Write the rows of a table, and the names of the media files that belong to them."""
    digest = Digest(table)
    piece = bytearray()
    members = 0

    def write() -> None:
        nonlocal members
        writer.add(f"tables/{table.name}/{members:06}.jsonl", bytes(piece))
        members += 1
        piece.clear()

    has_files = table.model is StoredImage
    for row in table.rows():
        digest.add(row)
        piece += tables.line_of(row)
        if has_files:
            _note_names(dict(zip(table.columns, row, strict=True)), names)
        if len(piece) > _CHUNK:
            write()
        progress()
    if piece:
        write()
    return {"rows": digest.rows, "digest": digest.hexdigest(), "last_key": table.last_key()}


def _note_names(row: dict[str, Any], names: IO[str]) -> None:
    image = StoredImage(digest=row["digest"], renditions=json.loads(row["renditions"]))
    names.writelines(f"{name}\n" for name in image.names())


def _write_file(writer: Writer, name: str, media: Files, made: Made) -> None:
    try:
        with default_storage.open(name) as file:
            reader = FileReader(file)
            writer.add_file(f"{MEDIA}{name}", reader, file.size)
    except FileNotFoundError:
        # It may have been pruned since, because nothing showed it any more.
        digest = Path(name).name.partition("-")[0]
        if StoredImage.objects.filter(digest=digest).exists():
            made.missing.append(name)
    else:
        media.add_read(name, reader)

"""Uploaded documents, laid down in a folder to import: nothing outside of it, nothing too large."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from django.core.files.uploadedfile import UploadedFile

from articles.importing.files import ENDINGS

MOST_FILES: Final = 500
MOST_BYTES: Final = 10 * 1024 * 1024
"""Bytes of all documents together, unpacked; larger imports are for ``import_seeds``."""


class UploadError(Exception):
    """An upload that cannot be imported; ``str()`` tells the operator why."""


def lay_down(files: Iterable[UploadedFile[Any]], folder: Path) -> list[str]:
    """Write uploaded documents, or those of one ZIP file, into a folder; gives their names.

    Raises ``UploadError``. Sizes are those of what is read, whatever a ZIP file says of itself.
    """
    try:
        names = list(_laid_down(files, folder))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        # An archive that is broken or encrypted, or a name that no file can have.
        raise UploadError(f"The upload cannot be read: {error}") from error
    if not names:
        raise UploadError(f"No documents: names end in {', '.join(ENDINGS)}.")
    return names


def _laid_down(files: Iterable[UploadedFile[Any]], folder: Path) -> Iterator[str]:
    left = MOST_BYTES
    for number, (name, stream) in enumerate(_documents(files)):
        if number >= MOST_FILES:
            raise UploadError(f"More than {MOST_FILES} documents. Use import_seeds for them.")
        target = folder / _safe(name)
        if target.exists():
            raise UploadError(f"{name} is there twice.")
        data = stream.read(left + 1)
        left -= len(data)
        if left < 0:
            raise UploadError("More than 10 MB of documents. Use import_seeds for them.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        yield name


def _documents(files: Iterable[UploadedFile[Any]]) -> Iterator[tuple[str, Any]]:
    for file in files:
        name = file.name or ""
        if (file.size or 0) > MOST_BYTES:
            raise UploadError(f"{name} is larger than 10 MB. Use import_seeds for it.")
        if name.lower().endswith(".zip"):
            with zipfile.ZipFile(file) as archive:
                yield from _members(archive)
        elif name.lower().endswith(ENDINGS):
            yield name, file
        else:
            raise UploadError(f"{name}: documents end in {', '.join(ENDINGS)}, archives in .zip.")


def _members(archive: zipfile.ZipFile) -> Iterator[tuple[str, IO[bytes]]]:
    for member in archive.infolist():
        # A name that is no document's is left alone, as in a folder that is imported.
        if member.is_dir() or not member.filename.lower().endswith(ENDINGS):
            continue
        if stat.S_ISLNK(member.external_attr >> 16):
            raise UploadError(f"{member.filename}: a link, not a document.")
        if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise UploadError(f"{member.filename}: packed in a way that is not read here.")
        with archive.open(member) as stream:
            yield member.filename, stream


def _safe(name: str) -> PurePosixPath:
    """Return a path that stays within the folder."""
    path = PurePosixPath(name)
    odd = not name.isprintable() or "\\" in name or ":" in name or len(name) > 200
    if odd or path.is_absolute() or ".." in path.parts or path.name.startswith("."):
        raise UploadError(f"{name!r} is no name for a document.")
    return path

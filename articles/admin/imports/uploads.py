"""Unpacking uploaded documents into a folder, with limits on place and size."""

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
"""The most bytes of all unpacked documents; use ``import_seeds`` for larger imports."""


class UploadError(Exception):
    """An upload that cannot be imported; the message says why."""


def lay_down(files: Iterable[UploadedFile[Any]], folder: Path) -> list[str]:
    """Write uploaded documents and those in ZIP files into a folder; return their names.

    Count the bytes actually read, not the sizes that a ZIP file claims. Raise ``UploadError``.
    """
    try:
        names = list(_laid_down(files, folder))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        # The archive is broken or encrypted, or a file name is impossible.
        raise UploadError(f"The upload cannot be read: {error}") from error
    if not names:
        raise UploadError(f"No documents found. Their names must end in {', '.join(ENDINGS)}.")
    return names


def _laid_down(files: Iterable[UploadedFile[Any]], folder: Path) -> Iterator[str]:
    left = MOST_BYTES
    for number, (name, stream) in enumerate(_documents(files)):
        if number >= MOST_FILES:
            raise UploadError(f"More than {MOST_FILES} documents. Use import_seeds instead.")
        target = folder / _safe(name)
        if target.exists():
            raise UploadError(f"Two documents are named {name}.")
        data = stream.read(left + 1)
        left -= len(data)
        if left < 0:
            raise UploadError("More than 10 MB of documents. Use import_seeds instead.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        yield name


def _documents(files: Iterable[UploadedFile[Any]]) -> Iterator[tuple[str, Any]]:
    for file in files:
        name = file.name or ""
        if (file.size or 0) > MOST_BYTES:
            raise UploadError(f"{name} is larger than 10 MB. Use import_seeds instead.")
        if name.lower().endswith(".zip"):
            with zipfile.ZipFile(file) as archive:
                yield from _members(archive)
        elif name.lower().endswith(ENDINGS):
            yield name, file
        else:
            raise UploadError(
                f"{name}: names of documents must end in {', '.join(ENDINGS)}, archives in .zip."
            )


def _members(archive: zipfile.ZipFile) -> Iterator[tuple[str, IO[bytes]]]:
    for member in archive.infolist():
        # Skip other files, like an import of a folder does.
        if member.is_dir() or not member.filename.lower().endswith(ENDINGS):
            continue
        if stat.S_ISLNK(member.external_attr >> 16):
            raise UploadError(f"{member.filename} is a link, not a document.")
        if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise UploadError(f"{member.filename} uses an unsupported compression.")
        with archive.open(member) as stream:
            yield member.filename, stream


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    odd = not name.isprintable() or "\\" in name or ":" in name or len(name) > 200
    if odd or path.is_absolute() or ".." in path.parts or path.name.startswith("."):
        raise UploadError(f"{name!r} is not a valid name for a document.")
    return path

"""Finding and reading the files of an import."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final

from articles.documents import MAX_BYTES, DocumentError, too_large

ENDINGS: Final = (".md", ".markdown", ".txt", ".yml", ".yaml")
CATALOG: Final = "_data"

SORTED_AT_A_TIME: Final = 20_000
"""Names of one folder that are held and sorted at a time: bounds memory in a folder of millions.

The order of an import does not matter to its rows; sorting is for reports that read alike.
"""


class Kind(Enum):
    """What a file holds, told by its place."""

    ARTICLE = "article"
    TOPIC = "topics"
    PROVIDER = "organizations"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to import: ``path`` opens it, ``name`` is its path within the folder given."""

    path: str
    name: str
    root: str
    kind: Kind


def find(paths: Sequence[Path], *, catalog: bool) -> Iterator[FoundFile]:
    """Yield the catalog files, or else the article documents, under ``paths``.

    Folders are entered recursively, but not hidden ones nor links to folders. Memory does not grow
    with the number of files. Raises FileNotFoundError for a path that is not there.
    """
    for path in paths:
        if path.is_dir():
            yield from _walk(str(path), "", _kind_in(path.absolute().parts), catalog=catalog)
        elif path.exists():
            kind = _kind_in(path.absolute().parent.parts)
            if kind is not None and (kind is not Kind.ARTICLE) is catalog:
                yield FoundFile(str(path), path.name, str(path.parent), kind)
        else:
            raise FileNotFoundError(f"{path}: no such file or folder")


def _kind_in(folders: Sequence[str]) -> Kind | None:
    """Tell what the files of a folder are; None where they are not for import."""
    if folders and folders[-1] == CATALOG:
        return None
    if len(folders) > 1 and folders[-2] == CATALOG:
        return {"topics": Kind.TOPIC, "organizations": Kind.PROVIDER}.get(folders[-1])
    return Kind.ARTICLE


def _walk(root: str, inner: str, kind: Kind | None, *, catalog: bool) -> Iterator[FoundFile]:
    folder = os.path.join(root, inner)  # noqa: PTH118 - Path objects cost a third of a file's read
    folders = []
    with os.scandir(folder) as entries:
        while piece := list(islice(entries, SORTED_AT_A_TIME)):
            piece.sort(key=lambda entry: entry.name)
            for entry in piece:
                name = entry.name
                if name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(name)
                elif (
                    kind is not None
                    and (kind is not Kind.ARTICLE) is catalog
                    and name.lower().endswith(ENDINGS)
                    and entry.is_file()
                ):
                    yield FoundFile(entry.path, f"{inner}{name}", root, kind)
    for name in sorted(folders):
        if kind is None:
            below = {"topics": Kind.TOPIC, "organizations": Kind.PROVIDER}.get(name)
        elif name == CATALOG:
            below = None
        else:
            below = kind
        yield from _walk(root, f"{inner}{name}/", below, catalog=catalog)


def read(path: str) -> tuple[bytes, str]:
    """Read a file and its SHA-256 in hex; raises DocumentError where it is too large or unreadable.

    Never reads more than the limit, whatever the file's size.
    """
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - see _walk
            # Its size, because a read of up to the limit would make room for all of that.
            size = os.fstat(file.fileno()).st_size
            if size > MAX_BYTES:
                raise too_large(path, size)
            data = file.read(size + 1)
    except OSError as error:
        reason = error.strerror or "error"
        raise DocumentError(path, 1, 1, f"cannot be read: {reason}") from error
    return data, sha256(data).hexdigest()

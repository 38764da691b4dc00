"""Finding and reading the files of an import."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from enum import Enum
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from articles.documents import MAX_BYTES, DocumentError, too_large

ENDINGS: Final = (".md", ".markdown", ".txt", ".yml", ".yaml")
CATALOG: Final = "_data"
_BREAKS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

SORTED_AT_A_TIME: Final = 20_000
"""Names of one folder that are sorted at a time, which limits the memory in a folder of millions.

The order makes no difference to the rows. Sorting makes reports comparable.
"""


class Kind(Enum):
    """What a file contains, by the folder it is in."""

    ARTICLE = "article"
    TOPIC = "topics"
    PROVIDER = "organizations"


class FoundFile(NamedTuple):
    """A file to import: ``path`` opens it, ``shown`` is the same path for messages.

    ``name`` is its path within the imported folder, ``roots`` are all folders of the run.
    """

    path: str
    shown: str
    name: str
    roots: tuple[str, ...]
    kind: Kind


def require(paths: Sequence[Path]) -> None:
    """Raise FileNotFoundError for a path that is neither file nor folder."""
    for path in paths:
        # A pipe or a device might never end. Path.is_file raises if a name is too long.
        if not os.path.isdir(path) and not os.path.isfile(path):  # noqa: PTH112, PTH113
            raise FileNotFoundError(f"{printable(str(path))}: no such file or folder")


def find(paths: Sequence[Path], *, catalog: bool) -> Iterator[FoundFile]:
    """Yield the article documents under ``paths`` or, with ``catalog``, the catalog files.

    Searches folders recursively, except hidden ones and links to folders. A folder that cannot be
    opened is yielded itself, so that ``read`` reports why. Memory does not grow with the number of
    files.
    """
    roots = tuple(dict.fromkeys(str(path if path.is_dir() else path.parent) for path in paths))
    for path in paths:
        if path.is_dir():
            kind = _kind_in(path.absolute().parts)
            for entry, inner, kind_of_entry in _walk(str(path), "", kind, catalog=catalog):
                yield _found(entry, inner, roots, kind_of_entry)
        else:
            kind_of_one = _kind_in(path.absolute().parent.parts)
            if kind_of_one is not None and (kind_of_one is not Kind.ARTICLE) is catalog:
                yield _found(str(path), path.name, roots, kind_of_one)


def _found(path: str, name: str, roots: tuple[str, ...], kind: Kind) -> FoundFile:
    return FoundFile(path, printable(path), printable(name), roots, kind)


def printable(path: str) -> str:
    """Return a path that can be stored and fits on one line: odd bytes become ``\\xNN``."""
    if path.isascii() and path.isprintable():
        return path
    readable = os.fsencode(path).decode("utf-8", "backslashreplace")
    return _BREAKS.sub(lambda match: match[0].encode("unicode_escape").decode(), readable)


def _kind_in(folders: Sequence[str]) -> Kind | None:
    """Return what the files of a folder contain; None if they are not imported."""
    if folders and folders[-1] == CATALOG:
        return None
    if len(folders) > 1 and folders[-2] == CATALOG:
        return {"topics": Kind.TOPIC, "organizations": Kind.PROVIDER}.get(folders[-1])
    return Kind.ARTICLE


def _walk(
    root: str, inner: str, kind: Kind | None, *, catalog: bool
) -> Iterator[tuple[str, str, Kind]]:
    """Yield each file's path, its path within ``root``, and its kind."""
    is_wanted = kind is not None and (kind is not Kind.ARTICLE) is catalog
    folder = os.path.join(root, inner)  # noqa: PTH118 - Path objects cost a third of a file's read
    folders = []
    try:
        entries = os.scandir(folder)
    except OSError:
        if not catalog:
            yield folder, inner, Kind.ARTICLE
        return
    with entries:
        while piece := list(islice(entries, SORTED_AT_A_TIME)):
            if is_wanted:
                piece.sort(key=lambda entry: entry.name)
            for entry in piece:
                name = entry.name
                if name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(name)
                elif is_wanted and name.lower().endswith(ENDINGS) and _is_file(entry):
                    yield entry.path, f"{inner}{name}", kind or Kind.ARTICLE
    for name in sorted(folders):
        if kind is None:
            below = {"topics": Kind.TOPIC, "organizations": Kind.PROVIDER}.get(name)
        elif name == CATALOG:
            below = None
        else:
            below = kind
        yield from _walk(root, f"{inner}{name}/", below, catalog=catalog)


def _is_file(entry: os.DirEntry[str]) -> bool:
    # Only os.path copes with links that form a circle.
    return os.path.isfile(entry.path) if entry.is_symlink() else entry.is_file()  # noqa: PTH113


def read(path: str, shown: str) -> tuple[bytes, str]:
    """Return a file's bytes and their SHA-256 in hex; ``shown`` is the path for messages.

    Never reads more than MAX_BYTES. Raises DocumentError if it is larger or unreadable.
    """
    try:
        # open() makes a file object, which takes as long as the read itself.
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            # A read of MAX_BYTES would allocate all of them.
            size = os.fstat(opened).st_size
            if size > MAX_BYTES:
                raise too_large(shown, size)
            data = os.read(opened, size + 1)
        finally:
            os.close(opened)
    except OSError as error:
        reason = error.strerror or "error"
        raise DocumentError(shown, 1, 1, f"cannot be read: {reason}") from error
    return data, sha256(data).hexdigest()

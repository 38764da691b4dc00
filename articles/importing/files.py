"""Find and read the files of an import."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from articles.documents import (
    MAX_BYTES,
    NO_FRONT_MATTER,
    DocumentError,
    NotNewsError,
    begins_front_matter,
    too_large,
)

ENDINGS: Final = (".md", ".markdown", ".txt", ".yml", ".yaml")
CATALOG: Final = "_data"
_BREAKS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

SORTED_AT_A_TIME: Final = 20_000
"""How many names of a folder to sort at a time; limits the memory for a folder with millions.

The order does not affect the rows, but sorting makes reports comparable.
"""


_FIRST_BYTES: Final = 64
"""How many bytes to read of a file that is too large, to see whether it has front matter."""


class Kind(Enum):
    """What a file contains, according to its folder; other files in ``_data`` are not imported."""

    ARTICLE = "article"
    TOPIC = "topic"
    PROVIDER = "provider"
    OTHER = "other"


class FoundFile(NamedTuple):
    """A file to import: ``path`` opens it, ``shown`` is the same path for messages.

    ``name`` is its path within the imported folder, ``roots`` are all folders of the run.
    ``is_named`` is true for a file that was named explicitly, which is never skipped. ``is_whole``
    is true if its whole folder is imported, so that a missing file was deleted.

    Files of a queued import may be on another machine. Its parts, which begin with ``token``, say
    which files there are; ``inode`` distinguishes them, and ``origins`` is what
    ``exported.origins`` returned.
    """

    path: str
    shown: str
    name: str
    roots: tuple[str, ...]
    kind: Kind
    is_named: bool = False
    is_whole: bool = True
    token: str = ""
    inode: str = ""
    origins: frozenset[str] = frozenset()


def require(paths: Sequence[Path]) -> None:
    """Raise FileNotFoundError for a path that is neither a file nor a folder."""
    for path in paths:
        # A pipe or a device might never end. Path.is_file raises if a name is too long.
        if not os.path.isdir(path) and not os.path.isfile(path):  # noqa: PTH112, PTH113
            is_there = os.path.exists(path)  # noqa: PTH110
            reason = "neither a file nor a folder" if is_there else "no such file or folder"
            raise FileNotFoundError(f"{printable(str(path))}: {reason}")


def find(paths: Sequence[Path], *, catalog: bool, is_upload: bool = False) -> Iterator[FoundFile]:
    """Yield the article documents under ``paths`` or, with ``catalog``, the catalog files.

    Searches folders recursively, except hidden ones and links to folders. Yields a folder that
    cannot be opened, so that ``read`` reports why. Memory does not grow with the number of files.
    Messages name uploaded files by their path within the upload, which never is a whole folder.
    """
    wanted = {Kind.TOPIC, Kind.PROVIDER} if catalog else {Kind.ARTICLE}
    folders = folders_of(paths)
    roots = tuple(dict.fromkeys(str(folder.absolute()) for folder in folders))
    for path, folder in zip(paths, folders, strict=True):
        kind = Kind.ARTICLE
        for name in folder.absolute().parts[-2:]:
            kind = _kind_below(kind, name)
        if path == folder:
            found = _walk(str(path), "", kind, wanted)
        else:
            found = iter([(str(path), path.name, kind)] if kind in wanted else ())
        for opened, name, kind_of_one in found:
            is_named = path != folder
            is_whole = not is_upload and not is_named
            inner = printable(name)
            shown = inner if is_upload else printable(opened)
            yield FoundFile(opened, shown, inner, roots, kind_of_one, is_named, is_whole)


def folders_of(paths: Sequence[Path]) -> list[Path]:
    """Return the imported folder of each path; for a file, the folder that contains it."""
    return [path if path.is_dir() else path.parent for path in paths]


def printable(path: str) -> str:
    """Return a path that can be stored and fits on one line: unprintable bytes become ``\\xNN``."""
    if path.isascii() and path.isprintable():
        return path
    readable = os.fsencode(path).decode("utf-8", "backslashreplace")
    return _BREAKS.sub(lambda match: match[0].encode("unicode_escape").decode(), readable)


def _kind_below(kind: Kind, name: str) -> Kind:
    """Return the kind of files in the folder ``name``, given the kind of its parent."""
    if name == CATALOG:
        return Kind.OTHER
    if kind is Kind.OTHER:
        return {"topics": Kind.TOPIC, "organizations": Kind.PROVIDER}.get(name, Kind.OTHER)
    return kind


def _walk(
    root: str, inner: str, kind: Kind, wanted: Collection[Kind]
) -> Iterator[tuple[str, str, Kind]]:
    """Yield each file's path, its path within ``root``, and its kind."""
    is_wanted = kind in wanted
    folder = os.path.join(root, inner)  # noqa: PTH118 - Path objects cost a third of a file's read
    folders = []
    try:
        entries = os.scandir(folder)
    except OSError:
        if Kind.ARTICLE in wanted:
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
                    yield entry.path, f"{inner}{name}", kind
    for name in sorted(folders):
        yield from _walk(root, f"{inner}{name}/", _kind_below(kind, name), wanted)


def _is_file(entry: os.DirEntry[str]) -> bool:
    # Only os.path can handle links that form a cycle.
    return os.path.isfile(entry.path) if entry.is_symlink() else entry.is_file()  # noqa: PTH113


def read(path: str, shown: str) -> tuple[bytes, str]:
    """Return a file's bytes and their SHA-256 in hex; ``shown`` is the path for messages.

    Never read more than MAX_BYTES. Raise DocumentError if the file is larger or unreadable, and
    NotNewsError if it is larger and does not begin with front matter.
    """
    try:
        # Creating a file object with open() takes as long as the read itself.
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            # Reading MAX_BYTES would allocate that much memory.
            size = os.fstat(opened).st_size
            if size > MAX_BYTES:
                error = too_large(shown, size)
                if not begins_front_matter(os.read(opened, _FIRST_BYTES)):
                    error = NotNewsError.of(error, NO_FRONT_MATTER)
                raise error
            data = os.read(opened, size + 1)
        finally:
            os.close(opened)
    except OSError as error:
        reason = error.strerror or "error"
        raise DocumentError(shown, 1, 1, f"cannot be read: {reason}") from error
    return data, sha256(data).hexdigest()

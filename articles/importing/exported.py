"""The hidden list of files that were exported to a folder, with their digests.

An export removes files that no longer belong in the folder, but only those in the list, and only if
their digest says that nobody changed them since. The list also says which document each file was
made from. An import reads that, to merge a file with the version that its editors saw.

A line has the digest of the file, the digest of its source, and the name; digests are SHA-256. An
export writes a new list next to the old one. If it is killed, the next export reads both.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from errno import EAGAIN
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from articles.importing.files import FoundFile
from articles.models import SourceDocument

LIST: Final = ".newsroom-export"
_NEW: Final = f"{LIST}.new"
_PART: Final = f"{LIST}.part"
_HEAD: Final = (
    "# Documents that Newsroom exported here. export_seeds removes those that no longer belong here, "
    "unless somebody changed them.\n"
)
# A plain file name: no path to another folder, and not hidden.
_LINE: Final = re.compile(r"([0-9a-f]{64}) ([0-9a-f]{64}) ([^./\0\n][^/\0\n]*\.md)\n")
_AT_A_TIME: Final = 500


class Entry(NamedTuple):
    """A file that was exported: its digest, the digest of its source document, and its name."""

    digest: str
    source: str
    name: str


@dataclass(slots=True)
class Outcome:
    """What an export did besides writing files.

    ``removed`` counts the files that no longer belonged in the folder. ``left`` names those that
    somebody had changed.
    """

    removed: int = 0
    left: list[str] = field(default_factory=list)


class Folder:
    """A folder that documents are exported to. Use it in a ``with`` block; raises OSError."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._here = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._here, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._here)
            raise BlockingIOError(EAGAIN, "another export is writing to it", str(path)) from None
        with os.scandir(self._here) as found:
            self._was_empty = next(found, None) is None
        self._keep_interrupted()
        self._new = (path / _NEW).open("w", encoding="utf-8", newline="\n")
        self._new.write(_HEAD)

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *error: object) -> None:
        self._new.close()
        with suppress(OSError):
            os.unlink(_PART, dir_fd=self._here)
        os.close(self._here)

    def _keep_interrupted(self) -> None:
        """Add what an interrupted export wrote to the list."""
        new = self.path / _NEW
        if new.exists():
            with new.open("rb") as written, (self.path / LIST).open("ab") as known:
                shutil.copyfileobj(written, known)
                # Its last line may be incomplete.
                known.write(b"\n")
                known.flush()
                os.fsync(known.fileno())
            new.unlink()

    def announce(self, entries: Collection[Entry]) -> None:
        """Add files to the new list. Call this before ``write``, so that it knows every file."""
        self._new.writelines(f"{' '.join(entry)}\n" for entry in entries)
        self._new.flush()

    def write(self, name: str, data: bytes) -> None:
        """Write a file atomically. Do not touch a file with the same content."""
        # A new folder has nothing to compare with, which saves time.
        if not self._was_empty and self._read(name, len(data)) == data:
            return
        with _naming(self.path / _PART):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            opened = os.open(_PART, flags, 0o666, dir_fd=self._here)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(opened, rest) :]
            finally:
                os.close(opened)
        with _naming(self.path / name):
            os.rename(_PART, name, src_dir_fd=self._here, dst_dir_fd=self._here)

    def _read(self, name: str, size: int) -> bytes | None:
        """Return a file if it has the given size, else None."""
        try:
            opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._here)
        except OSError:
            return None
        try:
            found = os.fstat(opened)
            is_alike = stat.S_ISREG(found.st_mode) and found.st_size == size
            return os.read(opened, size + 1) if is_alike else None
        finally:
            os.close(opened)

    def remove_others(
        self, belonging: Callable[[Collection[str]], Collection[str]], outcome: Outcome
    ) -> None:
        """Remove files that no longer belong here, and replace the list.

        ``belonging`` returns which of the given names belong here.
        """
        changed: dict[str, Entry] = {}
        entries = entries_in(self.path)
        while some := list(islice(entries, _AT_A_TIME)):
            belong = belonging({entry.name for entry in some})
            for entry in some:
                if entry.name not in belong:
                    self._remove(entry, outcome, changed)
        for entry in changed.values():
            if os.path.lexists(self.path / entry.name):
                outcome.left.append(entry.name)
                self.announce([entry])
        self._replace()

    def keep_others(self, names: Collection[str]) -> None:
        """Replace the list with one of these files, just written, and all others in the old list."""
        entries = (entry for entry in entries_in(self.path) if entry.name not in names)
        while some := list(islice(entries, _AT_A_TIME)):
            self.announce(some)
        self._replace()

    def _remove(self, entry: Entry, outcome: Outcome, changed: dict[str, Entry]) -> None:
        path = self.path / entry.name
        try:
            found = path.lstat()
            data = self._read(entry.name, found.st_size)
            if data is not None and sha256(data).hexdigest() == entry.digest:
                path.unlink()
                outcome.removed += 1
            else:
                changed[entry.name] = entry
        except FileNotFoundError:
            return

    def _replace(self) -> None:
        self._new.flush()
        os.fsync(self._new.fileno())
        self._new.close()
        (self.path / _NEW).replace(self.path / LIST)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let errors name a file with its folder. The system knows only the name, or nothing."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def entries_in(folder: Path) -> Iterator[Entry]:
    """Yield the entries of a folder's list. Invalid lines are ignored."""
    try:
        lines = (folder / LIST).open(encoding="utf-8", errors="replace", newline="\n")
    except OSError:
        return
    with lines:
        for line in lines:
            if found := _LINE.fullmatch(line):
                yield Entry(*found.groups())


def origins(file: Path) -> frozenset[str]:
    """Return the digests of the versions that a file is based on, from its folder's list."""
    try:
        changed = (file.parent / LIST).stat().st_mtime_ns
    except OSError:
        return frozenset()
    return _origins(str(file.parent), changed).get(file.name, frozenset())


def origins_of(file: FoundFile) -> frozenset[str]:
    """Return the same for a file of a run."""
    return file.origins if file.token else origins(Path(file.path))


def is_as_known(file: FoundFile, exported: str | None) -> bool:
    """Return whether a file whose document is stored already needs no import.

    ``exported`` is the digest of the version exported since: None if there is none, blank if no
    such document is stored. A file that is based on that version needs an import, because another
    newsroom has reverted changes.
    """
    return exported is None or (exported != "" and exported not in origins_of(file))


def is_returned(file: FoundFile, digest: str) -> bool:
    """Return whether a file with a known digest reverts changes that this newsroom exported.

    At most one query.
    """
    others = origins_of(file) - {digest}
    if not others:
        return False
    of_digest = SourceDocument.objects.filter(digest=digest, exported_digest__in=others)
    return of_digest.exists()


@lru_cache(maxsize=1)
def _origins(folder: str, _: int) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for entry in entries_in(Path(folder)):
        found[entry.name] = found.get(entry.name, frozenset()) | {entry.digest, entry.source}
    return found

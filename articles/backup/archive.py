"""The file of a backup: members are written and read one after the other, never unpacked."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final

FORMAT: Final = 1
ABOUT: Final = "about.json"
MANIFEST: Final = "manifest.json"
MEDIA: Final = "media/"
_MEMBER: Final = re.compile(
    r"about\.json|manifest\.json|tables/(?P<table>\w{1,100})/\d{6,12}\.jsonl"
    r"|media/(?P<file>images/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}-\d{1,6}\.[a-z]{3,5})"
)
_PACKED: Final = (".gz", ".tgz")
_READ: Final = 1024 * 1024


class BackupError(Exception):
    """A backup that cannot be made or restored, in a sentence for the operator."""


class Files:
    """Count and digest of files: of their names and contents, in order."""

    def __init__(self) -> None:
        self.count = 0
        self.bytes = 0
        self._hash = sha256()

    def add(self, name: str, content: IO[bytes]) -> None:
        """Read a file to its end."""
        reader = FileReader(content)
        while reader.read(_READ):
            pass
        self.add_read(name, reader)

    def add_read(self, name: str, reader: FileReader) -> None:
        self.count += 1
        self.bytes += reader.size
        self._hash.update(f"{name}\0{reader.size}\0{reader.hash.hexdigest()}\n".encode())

    def as_json(self) -> dict[str, Any]:
        return {"files": self.count, "bytes": self.bytes, "digest": self._hash.hexdigest()}


class FileReader:
    """A file that computes the digest of what is read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = 0
        self.hash = sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self.size += len(content)
        self.hash.update(content)
        return content


class Writer:
    """Adds members."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def add(self, name: str, content: bytes) -> None:
        self.add_file(name, io.BytesIO(content), len(content))

    def add_json(self, name: str, content: Any) -> None:
        self.add(name, json.dumps(content, indent=1).encode())

    def add_file(self, name: str, file: Any, size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        self._tar.addfile(member, file)
        # It would keep all members that it has seen.
        self._tar.members = []  # type: ignore[attr-defined]


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Write the file completely or not at all. Only its owner may read it: it holds secrets."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}-", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file, ExitStack() as closing:
            target: Any = file
            if path.name.endswith(_PACKED):
                # Pictures do not get smaller, and texts hardly any more with a higher level.
                packed = gzip.GzipFile(filename="", mode="wb", compresslevel=3, fileobj=file)
                target = closing.enter_context(packed)
            with tarfile.open(fileobj=target, mode="w|", format=tarfile.GNU_FORMAT) as tar:
                yield Writer(tar)
            closing.close()
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


class Member:
    """A member of the file; reading it must be finished before the next one."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self.name = name
        self.file = file
        found = _MEMBER.fullmatch(name)
        self.table = found["table"] if found else None
        self.stored_name = found["file"] if found else None
        """The name in the storage, of a media file."""

    def json(self) -> dict[str, Any]:
        try:
            content = json.loads(self.file.read())
        except ValueError as error:
            raise BackupError(f"The backup is damaged: {self.name} is not JSON.") from error
        if not isinstance(content, dict):
            raise BackupError(f"The backup is damaged: {self.name} is not an object.")
        return content

    def rows(self) -> Iterator[list[Any]]:
        for line in self.file:
            try:
                row = json.loads(line)
            except ValueError as error:
                raise BackupError(f"The backup is damaged: {self.name} is not JSON.") from error
            if not isinstance(row, list):
                raise BackupError(f"The backup is damaged: {self.name} has no rows.")
            yield row


@contextmanager
def reading(path: Path) -> Iterator[Iterator[Member]]:
    """Yield the members of a backup.

    Raise ``BackupError`` for what no backup contains: links, folders, other names, damage.
    """
    with path.open("rb") as file, ExitStack() as closing:
        is_packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        source: Any = file
        if is_packed:
            source = closing.enter_context(gzip.GzipFile(fileobj=file, mode="rb"))
        try:
            with tarfile.open(fileobj=source, mode="r|") as tar:
                yield _members(path, tar)
                # To the end, where gzip has its checksum.
                while source.read(_READ):
                    pass
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            reason = str(error) or type(error).__name__
            raise BackupError(f"{path} is not a backup, or damaged: {reason}.") from error


def _members(path: Path, tar: tarfile.TarFile) -> Iterator[Member]:
    for found in tar:
        content = tar.extractfile(found) if found.isreg() else None
        if content is None or not _MEMBER.fullmatch(found.name):
            raise BackupError(f"{path} is not a backup: it contains {found.name!r}.")
        yield Member(found.name, content)
        tar.members = []  # type: ignore[attr-defined]

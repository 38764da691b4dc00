"""Unpack uploaded files into a folder, with limits on names, number and size.

Archives come from other people's machines and may be malicious. Nothing is written outside the
folder, sizes are counted instead of read from the archive, and memory does not grow with the sizes
that an archive claims.
"""

from __future__ import annotations

import errno
import gzip
import re
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final, NamedTuple

from articles.documents import DocumentError
from articles.importing.files import CATALOG, ENDINGS

MOST_FILES: Final = 10_000
"""The most documents of an upload, not counting descriptions of topics and providers."""
MOST_BYTES: Final = 1024**3
"""The most bytes of all unpacked documents; of a tar archive, of everything in it."""
MOST_MEMBERS: Final = 100_000
"""The most files and folders of any kind that an archive may list."""
ARCHIVES: Final = (".zip", ".tar.gz", ".tgz")
BY_HAND: Final = "split it, or run manage.py import_seeds on the server"

_MOST_READ: Final = 16 * 1024 * 1024
"""The most bytes of an archive to read into memory at once. A ZIP file's list of 100,000 members
fits."""
_PIECE: Final = 64 * 1024
_LONGEST_NAME: Final = 400
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
_OF_ONE_FILE: Final = {errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL}
_LINK: Final = "is a link, not a document: put the document itself into the archive"
_NESTED: Final = "is an archive inside an archive: unpack it first, or upload it by itself"
_COMPRESSED: Final = "is compressed in a way that is not supported: use ordinary ZIP compression"
_BROKEN: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    OverflowError,
    ValueError,
    # For passwords and recursion that is too deep.
    RuntimeError,
    struct.error,
)


class UploadError(Exception):
    """An upload that cannot be imported. The message says why and what to do."""


class StoppedError(Exception):
    """Unpacking was canceled."""


class _Member(NamedTuple):
    """A file in an archive. ``fault`` says why it cannot be read; it is empty if it can."""

    name: str
    open: Callable[[], IO[bytes]]
    fault: str = ""


class Unpacker:
    """Writes uploaded files below ``folder``, one after the other.

    ``paths`` are the paths to import: the folder of all archives, and each single document.
    ``files`` counts them; ``documents`` leaves out descriptions of topics and providers. ``errors``
    has the files that cannot be unpacked. They do not stop the others.
    """

    def __init__(self, folder: Path, is_stopping: Callable[[], bool] = lambda: False) -> None:
        self.files = self.documents = 0
        self.errors: list[DocumentError] = []
        self._archives = folder / "archives"
        self._alone = folder / "alone"
        self._named: list[Path] = []
        self._is_stopping = is_stopping
        self._bytes_left = MOST_BYTES
        # The names of written files and folders, by the same name in one case.
        self._taken: dict[str, tuple[str, bool]] = {}
        self._archives.mkdir(parents=True)
        self._alone.mkdir()

    @property
    def paths(self) -> list[Path]:
        return [self._archives, *self._named]

    def add(self, name: str, file: IO[bytes]) -> None:
        """Unpack an archive, or write a document.

        Raise ``UploadError`` if nothing of it can be imported, and ``StoppedError``.
        """
        try:
            if name.lower().endswith(".zip"):
                self._add_members(_zip_members(file))
            elif name.lower().endswith(ARCHIVES):
                with self._decompressed(name, file) as tar:
                    self._add_members(_tar_members(tar))
            else:
                document = _Member(_normal(name), lambda: file)
                if self._add(document, self._alone):
                    self._named.append(self._alone / document.name)
        except _TooMuchError:
            raise UploadError(f"{name} lists too many files: {BY_HAND}.") from None
        except UnicodeDecodeError:
            raise UploadError(
                f"{name} has file names that are not valid UTF-8. Make the archive again with "
                "another program."
            ) from None
        except _BROKEN as error:
            raise UploadError(
                f"{name} is not an archive that can be read ({_words(error)}). Make it again, and "
                "upload it again."
            ) from error

    def _add_members(self, members: Generator[_Member]) -> None:
        with closing(members):
            for member in members:
                name = _normal(member.name)
                if _is_of_a_system(name):
                    continue
                # Skip other files, as an import of a folder does.
                if name.lower().endswith(ENDINGS):
                    self._add(member._replace(name=name), self._archives)
                elif name.lower().endswith(ARCHIVES):
                    self.errors.append(DocumentError(_printable(name), 1, 1, _NESTED))

    def _add(self, member: _Member, folder: Path) -> bool:
        """Write a file, or record why this is impossible. Return whether it was written."""
        name = member.name
        fault = member.fault or _fault_of(name) or self._clash(name)
        if not fault:
            fault = self._write(member, folder / name)
        if not fault:
            self.files += 1
            self.documents += CATALOG not in name.split("/")
            if self.documents > MOST_FILES:
                raise UploadError(f"The upload has more than {MOST_FILES:,} documents: {BY_HAND}.")
        if fault:
            shown = _printable(name)
            self.errors.append(DocumentError(shown, 1, 1, fault))
        return not fault

    def _write(self, member: _Member, path: Path) -> str:
        """Write a file. Return why this is impossible, or ""."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with member.open() as source, path.open("xb") as target:
                self._copy(source, target)
        except NotImplementedError:
            fault = _COMPRESSED
        except OSError as error:
            if error.errno not in _OF_ONE_FILE:
                # The disk is full, for example.
                raise UploadError(
                    f"The server cannot unpack the upload ({_words(error)}). Tell its operator."
                ) from error
            fault = f"cannot be unpacked ({_words(error)}): rename it"
        except _BROKEN as error:
            fault = f"is damaged in the archive ({_words(error)}): make the archive again"
        else:
            return ""
        with suppress(OSError):
            path.unlink()
        return fault

    def _copy(self, source: IO[bytes], target: IO[bytes]) -> None:
        while piece := source.read(_PIECE):
            self._bytes_left -= len(piece)
            if self._bytes_left < 0:
                raise _too_large("The upload")
            target.write(piece)
            if self._is_stopping():
                raise StoppedError

    def _clash(self, name: str) -> str:
        """Claim a name. Return why it conflicts with an earlier one, or ""."""
        parts = name.split("/")
        paths = ["/".join(parts[: number + 1]) for number in range(len(parts))]
        for path in paths:
            is_folder = path != name
            before, was_folder = self._taken.get(path.casefold(), ("", is_folder))
            if not before or (before == path and is_folder and was_folder):
                continue
            if is_folder != was_folder:
                return f"conflicts with {before}, because one is a file and one a folder"
            if before == path:
                return "is in the upload twice, and only the first is imported"
            return f"differs only in case from {before}: rename one of them"
        self._taken |= {path.casefold(): (path, path != name) for path in paths}
        return ""

    def _decompressed(self, name: str, file: IO[bytes]) -> IO[bytes]:
        """Return what a gzip file contains, in a temporary file.

        Only there can ``_Guarded`` see how much ``tarfile`` reads.
        """
        with ExitStack() as undone:
            target = undone.enter_context(TemporaryFile(dir=self._archives.parent))
            left = MOST_BYTES
            with gzip.open(file) as source:
                while piece := source.read(_PIECE):
                    left -= len(piece)
                    if left < 0:
                        raise _too_large(name)
                    target.write(piece)
                    if self._is_stopping():
                        raise StoppedError
            target.seek(0)
            undone.pop_all()
        return target


class _TooMuchError(Exception):
    """An archive needs too much memory."""


class _Guarded:
    """A file that refuses to read too much at once.

    ``zipfile`` and ``tarfile`` read whole lists and headers, however long the archive says they
    are.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, lambda: True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(_MOST_READ + 1 if size < 0 else min(size, _MOST_READ + 1))
        if len(data) > _MOST_READ:
            raise _TooMuchError
        return data


def _zip_members(file: IO[bytes]) -> Generator[_Member]:
    guarded: Any = _Guarded(file)
    with zipfile.ZipFile(guarded) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise _TooMuchError
        for member in members:
            if not member.is_dir():
                yield _Member(
                    _zip_name(member),
                    partial(archive.open, member),
                    _zip_fault(member),
                )


def _zip_name(member: zipfile.ZipInfo) -> str:
    """Return a member's name. Many programs write UTF-8 without saying so; others mean cp437."""
    if not member.flag_bits & 0x800:
        try:
            return member.filename.encode("cp437").decode()
        except UnicodeError:
            pass
    return member.filename


def _zip_fault(member: zipfile.ZipInfo) -> str:
    mode = member.external_attr >> 16
    if member.flag_bits & 0x1:
        return "is encrypted: make the archive without a password"
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        return _LINK
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return _COMPRESSED
    return ""


def _tar_members(file: IO[bytes]) -> Generator[_Member]:
    guarded: Any = _Guarded(file)
    with tarfile.open(fileobj=guarded, mode="r:", errorlevel=2) as archive:
        for number, member in enumerate(archive):
            if number >= MOST_MEMBERS:
                raise _TooMuchError
            if not member.isdir():
                is_plain = member.isreg() and not member.issparse()
                yield _Member(
                    member.name,
                    partial(_opened, archive, member),
                    "" if is_plain else _LINK,
                )


def _opened(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(member)
    if file is None:
        raise tarfile.TarError("no file")
    return file


def _normal(name: str) -> str:
    """Return a path with slashes, and with accents as most systems write them."""
    path = unicodedata.normalize("NFC", name.replace("\\", "/"))
    parts = [part for part in path.split("/") if part not in {"", "."}]
    return "/" * path.startswith("/") + "/".join(parts)


def _is_of_a_system(name: str) -> bool:
    """Return whether the file is hidden, or one that macOS or Windows adds."""
    parts = name.split("/")
    return "__MACOSX" in parts or any(part[0:1] == "." and part != ".." for part in parts)


def _fault_of(name: str) -> str:
    """Return why a path is refused, or ""."""
    if name.startswith("/") or _DRIVE.match(name) or ".." in name.split("/"):
        return "leads out of the archive's own folder: make the archive again, from one folder"
    if len(name) > _LONGEST_NAME:
        return f"has a path of more than {_LONGEST_NAME} characters: shorten it"
    if _CONTROL.search(name):
        return "has control characters in its name: rename it"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "has a name that is not valid UTF-8: rename it"
    return ""


def _too_large(what: str) -> UploadError:
    size = f"{MOST_BYTES / 1024**3:g} GB"
    return UploadError(f"{what} unpacks to more than {size}: {BY_HAND}.")


def _printable(name: str) -> str:
    """Return a name that can be stored and fits on one line."""
    return name if name.isprintable() else ascii(name)[1:-1]


def _words(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__

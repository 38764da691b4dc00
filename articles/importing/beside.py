"""The other files of a run, which tell whether the file of an article is gone.

The files of an import that runs alone are on this machine, those of a queued one in its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

from articles.documents import DocumentError, parse
from articles.importing.files import FoundFile, read
from articles.importing.packing import inode_of, unpack
from articles.importing.parts import Part
from articles.models import ImportFile, ImportPart


class Other(NamedTuple):
    """A file: its digest, blank if it cannot be read, and a function that returns its bytes."""

    digest: str
    data: Callable[[], bytes]

    @property
    def key(self) -> str:
        """The address key of its document. Raises DocumentError."""
        return parse("", self.data()).key


def others(file: FoundFile, name: str) -> Iterator[Other]:
    """Yield the files with this name in the folders of a run, except ``file`` itself."""
    if file.token:
        same_name = ImportFile.objects.named(name).filter(part__token=file.token)
        for one in same_name.exclude(inode=file.inode).order_by("pk"):
            yield Other(one.digest, partial(_from_part, one.part_id, one.position))
        return
    for root in file.roots:
        path = Path(root, name)
        if is_another_file(path, file):
            yield Other(_digest(path), partial(_from_disk, path))


def is_another_file(path: Path, file: FoundFile) -> bool:
    if file.token:
        return inode_of(str(path)) not in {"", file.inode}
    return path.is_file() and not path.samefile(file.path)


def _digest(path: Path) -> str:
    try:
        return read(str(path), "")[1]
    except DocumentError:
        return ""


def _from_disk(path: Path) -> bytes:
    return read(str(path), "")[0]


def _from_part(pk: int, position: int) -> bytes:
    one = _part(pk)[position]
    if one.error:
        raise one.error
    return one.data


@lru_cache(maxsize=1)
def _part(pk: int) -> Part:
    return unpack(ImportPart.objects.get(pk=pk))

"""Parts of a queued import as bytes: their files, and their parsed documents."""

from __future__ import annotations

import json
import os
import stat
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from articles.documents import DocumentError, NotNewsError
from articles.documents.batches import FORMAT, Parsed, parse_for_sending, received
from articles.importing.exported import origins_of
from articles.importing.files import FoundFile, Kind
from articles.importing.parts import Part, Read
from articles.models import ImportPart

_LEVEL: Final = 1
"""How much to compress. More takes longer than it saves."""


def inode_of(path: str) -> str:
    """Return what a regular file has in common with its other names, or ""."""
    with suppress(OSError):
        found = os.stat(path)  # noqa: PTH116 - as ``files`` does
        if stat.S_ISREG(found.st_mode):
            return f"{found.st_dev}:{found.st_ino}"
    return ""


def pack(part: Part, inodes: Sequence[str]) -> bytes:
    """Return files as bytes: a line of JSON about each, then their contents."""
    roots = part[0].file.roots
    files = [_facts(one, inode) for one, inode in zip(part, inodes, strict=True)]
    head = json.dumps({"roots": roots, "files": files}).encode()
    return zlib.compress(b"".join([head, b"\n", *(one.data for one in part)]), _LEVEL)


def _facts(one: Read, inode: str) -> list[Any]:
    file, error = one.file, one.error
    return [
        *(file.path, file.shown, file.name, file.kind.value, file.is_named, file.is_whole),
        *(inode, sorted(origins_of(file)), one.digest, len(one.data)),
        error and [error.path, error.line, error.column, error.message],
        error.reason if isinstance(error, NotNewsError) else None,
    ]


def unpack(row: ImportPart) -> Part:
    head, _, data = zlib.decompress(row.texts).partition(b"\n")
    facts = json.loads(head)
    roots = tuple(facts["roots"])
    part: Part = []
    start = 0
    for path, shown, name, kind, is_named, is_whole, inode, origins, *rest in facts["files"]:
        digest, size, place, reason = rest
        file = FoundFile(
            *(path, shown, name, roots, Kind(kind), is_named, is_whole),
            *(row.token, inode, frozenset(origins)),
        )
        error = DocumentError(*place) if place else None
        if error and reason:
            error = NotNewsError.of(error, reason)
        part.append(Read(file, data[start : start + size], digest, error))
        start += size
    return part


def pack_parsed(part: Part, positions: Sequence[int]) -> bytes:
    """Parse the documents at some positions, and return them as bytes."""
    pieces = parse_for_sending([part[position].text for position in positions])
    head = json.dumps([FORMAT, positions, [len(piece) for piece in pieces]]).encode()
    return zlib.compress(b"".join([head, b"\n", *pieces]), _LEVEL)


def unpack_parsed(parsed: bytes) -> Mapping[int, Parsed]:
    """Return parsed documents by position; none if another version of the program parsed them."""
    head, _, data = zlib.decompress(parsed).partition(b"\n")
    version, positions, sizes = json.loads(head)
    if version != FORMAT:
        return {}
    pieces = []
    start = 0
    for size in sizes:
        pieces.append(data[start : start + size])
        start += size
    return dict(zip(positions, received(pieces), strict=True))

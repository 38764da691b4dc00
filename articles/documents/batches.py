"""Parse documents in batches, also for another process."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any, Final, NamedTuple

from articles.documents.marks import mark_of
from articles.documents.model import (
    ArticleDocument,
    Desk,
    DocumentImage,
    DocumentProvider,
    RelatedEntry,
)
from articles.documents.naming import stem_of
from articles.documents.problems import DocumentError, DocumentWarning, NotNewsError
from articles.documents.reading import parse
from articles.documents.yaml_text import Plain

_PIECE: Final = 100
"""How many documents are in memory at a time while a batch is parsed for another process."""


class Text(NamedTuple):
    """A document to parse: its path for messages, its path in its folder, and its bytes."""

    shown: str
    name: str
    data: bytes


Parsed = tuple[ArticleDocument, str, str | None] | DocumentError
"""A document with its requested slug and its mark, or its error."""

_DOCUMENT: Final = (ArticleDocument, Desk, DocumentImage, DocumentProvider, RelatedEntry)
_CLASSES: Final[dict[tuple[str, str], type]] = {
    (one.__module__, one.__name__): one
    for one in (
        *_DOCUMENT,
        *(DocumentError, DocumentWarning, NotNewsError, Plain),
        *(datetime, timedelta, timezone),
    )
}
_NAMES: Final = [[one.__name__, *(part.name for part in fields(one))] for one in _DOCUMENT]
FORMAT: Final = sha256(repr(_NAMES).encode()).hexdigest()
"""Changes with the fields of documents: those that another version has pickled are parsed again."""


def parse_all(texts: Sequence[Text]) -> list[Parsed]:
    return [_parse(*text) for text in texts]


def parse_for_sending(texts: Sequence[Text]) -> list[bytes]:
    """Parse documents for ``received``."""
    pieces = (texts[start : start + _PIECE] for start in range(0, len(texts), _PIECE))
    return [pickle.dumps(parse_all(piece), pickle.HIGHEST_PROTOCOL) for piece in pieces]


def received(pieces: Sequence[bytes]) -> Iterator[Parsed]:
    """Yield the documents that ``parse_for_sending`` parsed, in their order."""
    for piece in pieces:
        yield from _Unpickler(io.BytesIO(piece)).load()


class _Unpickler(pickle.Unpickler):
    """Loads only classes of documents, so that stored bytes can run nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _CLASSES:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of a document")
        return _CLASSES[module, name]


def _parse(shown: str, name: str, data: bytes) -> Parsed:
    try:
        document = parse(shown, data)
    except DocumentError as error:
        return error
    return document, stem_of(name, document), mark_of(document)

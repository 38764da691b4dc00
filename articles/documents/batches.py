"""Parse documents in batches, also for another process."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from articles.documents.marks import mark_of
from articles.documents.model import ArticleDocument
from articles.documents.naming import stem_of
from articles.documents.problems import DocumentError
from articles.documents.reading import parse

_PIECE: Final = 100
"""How many documents are in memory at a time while a batch is parsed for another process."""


class Text(NamedTuple):
    """A document to parse: its path for messages, its path in its folder, and its bytes."""

    shown: str
    name: str
    data: bytes


Parsed = tuple[ArticleDocument, str, str | None] | DocumentError
"""A document with its requested slug and its mark, or its error."""


def parse_all(texts: Sequence[Text]) -> list[Parsed]:
    return [_parse(*text) for text in texts]


def parse_for_sending(texts: Sequence[Text]) -> list[bytes]:
    """Parse documents for ``received``."""
    pieces = (texts[start : start + _PIECE] for start in range(0, len(texts), _PIECE))
    return [pickle.dumps(parse_all(piece), pickle.HIGHEST_PROTOCOL) for piece in pieces]


def received(pieces: Sequence[bytes]) -> Iterator[Parsed]:
    """Yield the documents that ``parse_for_sending`` parsed, in their order."""
    for piece in pieces:
        yield from pickle.loads(piece)  # noqa: S301 - from our own process


def _parse(shown: str, name: str, data: bytes) -> Parsed:
    try:
        document = parse(shown, data)
    except DocumentError as error:
        return error
    return document, stem_of(name, document), mark_of(document)

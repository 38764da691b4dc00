"""Parse documents in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from articles.documents.marks import mark_of
from articles.documents.model import ArticleDocument
from articles.documents.naming import stem_of
from articles.documents.problems import DocumentError
from articles.documents.reading import parse


class Text(NamedTuple):
    """A document to parse: its path for messages, its path in its folder, and its bytes."""

    shown: str
    name: str
    data: bytes


Parsed = tuple[ArticleDocument, str, str | None] | DocumentError
"""A document with its requested slug and its mark, or its error."""


def parse_all(texts: Sequence[Text]) -> list[Parsed]:
    return [_parse(*text) for text in texts]


def _parse(shown: str, name: str, data: bytes) -> Parsed:
    try:
        document = parse(shown, data)
    except DocumentError as error:
        return error
    return document, stem_of(name, document), mark_of(document)

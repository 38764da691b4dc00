"""Parsing documents by the batch, here or in a process that does nothing else."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from typing import NamedTuple

from articles.documents.frontmatter import DocumentError
from articles.documents.model import ArticleDocument
from articles.documents.naming import stem_of
from articles.documents.reading import parse


class Text(NamedTuple):
    """A document to parse: its path for messages, its path in its folder, and its bytes."""

    shown: str
    name: str
    data: bytes


Parsed = tuple[ArticleDocument, str] | DocumentError
"""A document with the slug that it asks for, or what is wrong with it."""


def parse_all(texts: Sequence[Text]) -> list[Parsed]:
    """Parse documents, in their order."""
    return [_parse(*text) for text in texts]


def _parse(shown: str, name: str, data: bytes) -> Parsed:
    try:
        document = parse(shown, data)
    except DocumentError as error:
        return error
    return document, stem_of(name, document)


def serve() -> None:
    """Parse pickled batches from standard input to standard output, until the input ends."""
    while True:
        try:
            # From the process that started this one, and nobody else.
            texts = pickle.load(sys.stdin.buffer)  # noqa: S301
        except EOFError:
            return
        pickle.dump(parse_all(texts), sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
        sys.stdout.buffer.flush()

"""Write a document: in canonical form, or as the smallest change to an existing file."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, cast

from articles.documents.frontmatter import Node, read_mapping
from articles.documents.model import ArticleDocument
from articles.documents.problems import DocumentError
from articles.documents.reading import (
    ARTICLE_KEYS,
    DESK_KEYS,
    ENTRY_KEYS,
    IMAGE_KEYS,
    PROVIDER_KEYS,
    Keys,
    parse,
)
from articles.documents.source import MARK, Source
from articles.documents.yaml_text import block, double_quoted, plain_or_quoted
from newsroom.iso_dates import iso

_SECTIONS = frozenset(
    {"featuredContent", "provider", "topics", "images", "related", "desk", "secured"}
)
"""Keys with a blank line before them."""
_UNQUOTED = frozenset({"category", "type", "language", "decision"})


def _scalar(key: str, value: Any, *, unquoted: bool) -> str:
    if isinstance(value, bool):
        return f"{key}: {'true' if value else 'false'}"
    if isinstance(value, int):
        return f"{key}: {value}"
    if isinstance(value, datetime):
        return f"{key}: {iso(value)}"
    return f"{key}: {plain_or_quoted(value) if unquoted else double_quoted(value)}"


def _mapping(part: Any, keys: Keys, indent: str) -> list[str]:
    lines: list[str] = []
    for key in keys:
        lines += _key_lines(part, key, keys, indent)
    for key, value in part.extra.items():
        lines += block(key, value, indent)
    return lines


def _items(parts: tuple[Any, ...], keys: Keys, indent: str) -> list[str]:
    lines: list[str] = []
    for part in parts:
        first, *rest = _mapping(part, keys, indent + "  ")
        lines += f"{indent}- {first[len(indent) + 2 :]}", *rest
    return lines


def _key_lines(part: Any, key: str, keys: Keys, indent: str = "") -> list[str]:
    value = getattr(part, keys[key][0])
    if value is None or value == ():
        return []
    head = f"{indent}{key}:"
    inner = indent + "  "
    if key == "provider":
        return [head, *_mapping(value, PROVIDER_KEYS, inner)]
    if key == "topics":
        return [head, *(f"{inner}- {plain_or_quoted(topic)}" for topic in value)]
    if key == "images":
        return [head, *_items(value, IMAGE_KEYS, inner)]
    if key == "desk":
        return [head, *_mapping(value, DESK_KEYS, inner)]
    if keys is DESK_KEYS and isinstance(value, tuple):
        return [head, *(f"{inner}- {double_quoted(url)}" for url in value)]
    if key == "related":
        return [head, *_items(value, ENTRY_KEYS, inner)]
    unquoted = key in _UNQUOTED or keys is PROVIDER_KEYS
    return [indent + _scalar(key, value, unquoted=unquoted)]


def _top_lines(document: ArticleDocument, key: str) -> list[str]:
    if key in ARTICLE_KEYS:
        lines = _key_lines(document, key, ARTICLE_KEYS)
        return ["", *lines] if lines and key in _SECTIONS else lines
    return list(block(key, document.extra[key], "")) if key in document.extra else []


def write(document: ArticleDocument) -> bytes:
    """Return the canonical form, which ``parse`` reads back as the same document."""
    lines: list[str] = []
    for key in (*ARTICLE_KEYS, *document.extra):
        lines += _top_lines(document, key)
    text = "\n".join(["---", *lines, "---", document.body])
    return text.replace("\n", document.line_end).encode()


def revise(data: bytes, document: ArticleDocument) -> bytes:
    """Return ``data``, the file that ``document`` came from, with only the changed keys rewritten.

    Keys with the same value keep their lines, comments and blank lines. Changed keys are rewritten
    canonically where they are; new keys go to their canonical position. An unchanged document stays
    the same byte for byte, canonical or not.
    """
    before = parse("", data)
    if before == document:
        return data
    source = Source("", data)
    nodes = cast("dict[str, Node]", read_mapping(source).value)
    starts = [source.yaml.count("\n", 0, node.key_index) for node in nodes.values()]
    opening, lines, closing, body = _raw_parts(source)
    blocks: dict[str, list[str]] = {}
    leads: dict[str, int] = {}  # the number of comments and blank lines before a key
    end = 0
    for key, start, following in zip(nodes, starts, [*starts[1:], len(lines)], strict=True):
        stop = following
        while stop > start + 1 and (not lines[stop - 1].strip("\r\n") or lines[stop - 1][0] == "#"):
            stop -= 1
        blocks[key] = lines[end:stop]
        leads[key] = start - end
        end = stop

    changed = [
        key
        for key in (*ARTICLE_KEYS, *before.extra, *document.extra)
        if _top_lines(before, key) != _top_lines(document, key)
    ]
    order = list(ARTICLE_KEYS)
    for key in changed:
        written = [f"{line}{source.line_end}" for line in _top_lines(document, key)]
        if key in blocks and written:
            lead = blocks[key][: leads[key]]
            blocks[key] = [*lead, *(line for line in written if line.strip("\r\n"))]
        elif written:
            blocks = _inserted(blocks, key, written, order)
        else:
            blocks.pop(key, None)
    if document.body != before.body:
        body = document.body.replace("\n", source.line_end)
        if body and not closing.endswith("\n"):
            closing += source.line_end
    text = "".join(
        [opening, *(line for part in blocks.values() for line in part), *lines[end:], closing, body]
    )
    if document.line_end != before.line_end:
        text = text.replace("\r\n", "\n").replace("\n", document.line_end)
    revised = f"{MARK if source.has_mark else ''}{text}".encode()
    canonical = write(document)
    # The keys of a flow mapping have no lines of their own.
    try:
        found = parse("", revised)
        # An editor's text may contain characters that reading would correct.
        return revised if found in (document, parse("", canonical)) else canonical
    except DocumentError:
        return canonical


def _raw_parts(source: Source) -> tuple[str, list[str], str, str]:
    """Return the opening line, front matter, closing line and body exactly as in the file."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", source.raw)
    last = source.yaml.count("\n") + 1
    return lines[0], lines[1:last], lines[last], "".join(lines[last + 1 :])


def _inserted(
    blocks: dict[str, list[str]], key: str, lines: list[str], order: list[str]
) -> dict[str, list[str]]:
    """Insert a new key after those that precede it in the canonical order."""
    rank = order.index(key) if key in order else len(order)
    before = set(order[:rank]) if key in order else set(blocks)
    keys = list(blocks)
    place = max((i + 1 for i, known in enumerate(keys) if known in before), default=0)
    pairs = list(blocks.items())
    return dict([*pairs[:place], (key, lines), *pairs[place:]])

"""Front matter and YAML, guarded: bytes in, a tree of nodes that know where they stood out.

PyYAML's own loaders are not safe here: ``CSafeLoader`` crashes the process on deep nesting, keeps
the last of two equal keys without a word and loops on merge keys. This module reads libyaml's flat
event stream instead and refuses what the document format does not use. Values stay strings: what
they mean is for the schema (``articles.documents``) to say, so that a bad date still has a line.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from typing import Any, Final, NoReturn

import yaml
from yaml.cyaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

MAX_BYTES: Final = 256 * 1024
"""Largest document read, in bytes. The largest of 2,600 real ones has 21 KB."""
MAX_DEPTH: Final = 32
"""Deepest nesting of lists and mappings. The format itself needs 5."""
MAX_EVENTS: Final = 20_000
"""Most YAML events (values, keys, starts and ends) in one document."""

# What libyaml's reader accepts; checked first, because it reports the others without a position.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_ANY_RETURN = re.compile(r"\r")
_BARE_NEWLINE = re.compile(r"(?<!\r)\n")
_FENCE = re.compile(r"---[ \t]*(?:\n|\Z)")
# The bytes of ordinary text, to tell in one fast pass that nothing needs a closer look.
_ORDINARY = bytes([9, 10, 13, *range(0x20, 0x7F)])

# YAML 1.1 counts these three as line breaks, so libyaml would fold them away inside a value, and
# count lines that no editor shows. Private-use characters stand in for them while it reads.
_BREAKS = "\x85\u2028\u2029"
_STAND_INS = "\U0010fff0\U0010fff1\U0010fff2"
_HIDE_BREAKS = str.maketrans(_BREAKS, _STAND_INS)
_SHOW_BREAKS = str.maketrans(_STAND_INS, _BREAKS)
_ANY_BREAK = re.compile(f"[{_BREAKS}]")
_ODD = re.compile(f"{_FORBIDDEN.pattern}|[{_BREAKS}]")
_ANY_STAND_IN = re.compile(f"[{_STAND_INS}]")

_NOT_STRINGS = {
    first: [(tag, pattern.match) for tag, pattern in resolvers]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_TAG_WORDS = {
    "bool": "a yes-or-no word",
    "float": "a number",
    "int": "a number",
    "merge": "a merge key",
    "null": "nothing",
    "timestamp": "a date",
    "value": "a default key",
}


NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
"""What YAML reads as nothing, where it stands without quotes."""


class DocumentError(ValueError):
    """What is wrong in a document, where, and what was expected.

    Reads ``path:line:column: message``; line and column count from 1, columns in characters.
    ``more`` holds the other errors of the same document, in the order of their places.
    """

    def __init__(self, path: str, line: int, column: int, message: str) -> None:
        super().__init__(path, line, column, message)
        self.path = path
        self.line = line
        self.column = column
        self.message = message
        self.more: tuple[DocumentError, ...] = ()

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class Node:
    """A value of a document and the place where it stood.

    ``value`` is a str for a scalar, a list of nodes or a dict of nodes. ``plain`` is true for a
    scalar without quotes. ``index`` and ``key_index`` count characters from the start of the YAML
    text; ``Source.fail`` turns them into lines.
    """

    __slots__ = ("index", "key_index", "plain", "value")

    def __init__(self, value: Any, index: int, plain: bool = False) -> None:
        self.value = value
        self.index = index
        self.plain = plain
        self.key_index = index

    @property
    def is_null(self) -> bool:
        """Whether this is YAML's null: ``null``, ``~`` or nothing at all."""
        return self.plain and self.value in NULLS

    def describe(self) -> str:
        """Name what stands here, for the second half of an error message."""
        if isinstance(self.value, list):
            return "a list"
        if isinstance(self.value, dict):
            return "a mapping"
        if self.is_null:
            return "nothing"
        shown = self.value if len(self.value) <= 40 else f"{self.value[:39]}…"
        kind = plain_kind(self.value) if self.plain else None
        return f"{_TAG_WORDS[kind]} ({shown})" if kind else f'"{shown}"'


class Source:
    """The text of one document, cut into front matter and body, and its errors' addresses."""

    __slots__ = ("body", "first_line", "has_odd_characters", "line_end", "path", "text", "yaml")

    def __init__(self, path: str, data: bytes, *, fenced: bool = True) -> None:
        """Decode ``data``; ``fenced`` documents have ``---`` lines and a body, others are all YAML.

        Line ends come out as ``\\n``; ``line_end`` keeps what they were. Raises DocumentError.
        """
        self.path = path
        self.first_line = 1
        self.body = ""
        self.text = self._decode(data)
        rest = data.translate(None, _ORDINARY)
        self.has_odd_characters = bool(rest) and _ODD.search(rest.decode()) is not None
        self.yaml = self.text
        if fenced:
            self._cut()

    def fail(self, index: int, message: str) -> NoReturn:
        """Raise the error for the character at ``index`` of the YAML text."""
        raise self.error(index, message)

    def error(self, index: int, message: str) -> DocumentError:
        """Make the error for the character at ``index`` of the YAML text."""
        before = self.yaml[:index]
        line = before.count("\n")
        column = index - (before.rfind("\n") + 1)
        return DocumentError(self.path, line + self.first_line, column + 1, message)

    def _decode(self, data: bytes) -> str:
        if len(data) > MAX_BYTES:
            raise too_large(self.path, len(data))
        if data.startswith(b"\xef\xbb\xbf"):
            raise DocumentError(
                self.path,
                1,
                1,
                "starts with a byte order mark: save it as UTF-8 without one",
            )
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            before = data[: error.start]
            column = len(before[before.rfind(b"\n") + 1 :].decode()) + 1
            raise DocumentError(
                self.path,
                before.count(b"\n") + 1,
                column,
                f"byte 0x{data[error.start]:02x} is not UTF-8: save the file as UTF-8",
            ) from None
        self.line_end = "\r\n" if "\r\n" in text else "\n"
        if "\r" in text:
            other = _BARE_NEWLINE if text.find("\n") == text.find("\r\n") + 1 else _ANY_RETURN
            mixed = _LONE_RETURN.search(text) or other.search(text)
            if mixed:
                self.yaml = text
                self.fail(mixed.start(), "mixed line ends: use LF or CRLF, one kind per file")
            text = text.replace("\r\n", "\n")
        if "\0" in text:
            self.yaml = text
            self.fail(text.index("\0"), "a NUL character: remove it")
        return text

    def _cut(self) -> None:
        text = self.text
        opening = _FENCE.match(text)
        if opening is None:
            message = "expected a first line of three hyphens (---) before the front matter"
            raise DocumentError(self.path, 1, 1, message)
        start = opening.end()
        at = start if text.startswith("---", start) else text.find("\n---", start) + 1
        while at and not (closing := _FENCE.match(text, at)):
            at = text.find("\n---", at) + 1
        if not at or closing is None:
            last = text.rstrip("\n").count("\n") + 1
            raise DocumentError(
                self.path,
                last,
                1,
                "expected a closing line of three hyphens (---), found the end",
            )
        self.yaml = text[start:at]
        self.body = text[closing.end() :]
        self.first_line = 2


def too_large(path: str, size: int) -> DocumentError:
    """Make the error for a document of ``size`` bytes, more than is read."""
    return DocumentError(path, 1, 1, f"{size:,} bytes: a document has at most {MAX_BYTES:,}")


@lru_cache(maxsize=4096)
def plain_kind(text: str) -> str | None:
    """Say what YAML 1.1 makes of an unquoted ``text``: None for a string, else "int", "bool", …."""
    for first in (text[:1], None):
        for tag, matches in _NOT_STRINGS.get(first, ()):
            if matches(text):
                return str(tag.rpartition(":")[2])
    return None


def read_mapping(source: Source) -> Node:
    """Read the YAML of ``source``, which must be one mapping, into nodes.

    Refuses anchors, aliases, tags, merge keys, duplicate keys, a second YAML document, and more
    than MAX_DEPTH levels or MAX_EVENTS events. Raises DocumentError.
    """
    text = source.yaml
    has_breaks = False
    if source.has_odd_characters:
        forbidden = _FORBIDDEN.search(text)
        if forbidden:
            code = ord(forbidden.group())
            source.fail(forbidden.start(), f"control character U+{code:04X}: write it as an escape")
        has_breaks = _ANY_BREAK.search(text) is not None
    if has_breaks:
        taken = _ANY_STAND_IN.search(text)
        if taken:
            source.fail(taken.start(), "private-use character: remove it")
        text = text.translate(_HIDE_BREAKS)
    try:
        root = _build(source, CParser(text), has_breaks=has_breaks)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(filter(None, (error.context, error.problem)))
        source.fail(mark.index if mark else 0, f"not YAML: {problem}")
    if root is None or not isinstance(root.value, dict):
        source.fail(root.index if root else 0, "expected keys and values, such as title: …")
    return root


def _build(source: Source, parser: CParser, *, has_breaks: bool) -> Node | None:
    # One loop over a flat event stream: splitting it by event would cost a call per value.
    next_event = parser.get_event
    may_hold_nul = "\\" in source.yaml
    parents: list[Node | None] = []
    container: Node | None = None  # the list or mapping being filled
    mapping: dict[str, Node] | None = None  # the container's value, where it is a mapping
    key: str | None = None
    key_index = 0
    root: Node | None = None
    documents = 0
    for count in itertools.count(1):
        event = next_event()
        kind = type(event)
        if count > MAX_EVENTS:
            source.fail(event.start_mark.index, f"more than {MAX_EVENTS:,} YAML events")
        if kind is ScalarEvent:
            index = event.start_mark.index
            if event.anchor is not None or event.tag is not None:
                source.fail(index, "anchors and tags are not allowed: write the value out")
            value = event.value
            if has_breaks:
                value = value.translate(_SHOW_BREAKS)
            if may_hold_nul and "\0" in value:
                source.fail(index, "a NUL character: remove it")
            plain = not event.style
            if mapping is not None and key is None:
                if plain and value == "<<":
                    source.fail(index, "merge keys are not allowed: write the keys out")
                if value in mapping:
                    source.fail(index, f"duplicate key {value}: keep one of them")
                key = value
                key_index = index
                continue
            node = Node(value, index, plain)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            container = parents.pop()
            mapping = _mapping_of(container)
            continue
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            index = event.start_mark.index
            if event.anchor is not None or event.tag is not None:
                source.fail(index, "anchors and tags are not allowed: write the value out")
            if mapping is not None and key is None:
                source.fail(index, "expected a plain key, found a list or mapping")
            if len(parents) >= MAX_DEPTH:
                source.fail(index, f"nested deeper than {MAX_DEPTH} levels")
            node = Node({} if kind is MappingStartEvent else [], index)
        elif kind is AliasEvent:
            source.fail(event.start_mark.index, "aliases are not allowed: write the value out")
        elif kind is DocumentStartEvent:
            documents += 1
            if documents > 1:
                source.fail(event.start_mark.index, "a second YAML document: keep one")
            continue
        elif kind is StreamEndEvent:
            break
        else:
            continue

        if container is None:
            root = node
        elif mapping is not None and key is not None:
            node.key_index = key_index
            mapping[key] = node
            key = None
        else:
            container.value.append(node)
        if kind is not ScalarEvent:
            parents.append(container)
            container = node
            mapping = _mapping_of(node)
    return root


def _mapping_of(container: Node | None) -> dict[str, Node] | None:
    return container.value if container is not None and type(container.value) is dict else None

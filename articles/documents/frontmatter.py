"""Read front matter safely: from bytes to a tree of nodes with their positions in the file.

PyYAML's own loaders are not safe here: ``CSafeLoader`` crashes the process on deep nesting, silently
keeps the last of two equal keys and loops on merge keys. This module reads libyaml's flat event
stream instead and refuses what the document format does not use. Values stay strings until
``reading`` converts them, so that an error in a date still has a line.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NoReturn

import yaml
from yaml._yaml import CParser
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
MAX_KEY: Final = 100
"""Longest key, in characters: libyaml reads no key over 1,024, and an escape takes up to 10."""

# Characters that libyaml does not accept. Checked first, because libyaml reports these without a
# position.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_ANY_RETURN = re.compile(r"\r")
_BARE_NEWLINE = re.compile(r"(?<!\r)\n")
_FENCE = re.compile(r"---[ \t]*(?:\n|\Z)")
# The bytes of ordinary text: a document of these alone needs no closer look.
_ORDINARY = bytes([9, 10, 13, *range(0x20, 0x7F)])

# YAML 1.1 treats these three as line breaks: libyaml would fold them inside a value, and count lines
# that no text editor shows. Private-use characters replace them while it reads.
_BREAKS = "\x85\u2028\u2029"
_ANY_BREAK = re.compile(f"[{_BREAKS}]")
# read_mapping refuses a byte order mark.
_ODD = re.compile(f"{_FORBIDDEN.pattern}|[\ufeff{_BREAKS}]")
_LONG_ESCAPE = re.compile(r"\\U([0-9A-Fa-f]{8})")

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

# Explanations of libyaml's errors for the author of a document. Those of the second table are about
# something left open, and are reported where it starts; libyaml notices them only later.
_PROBLEMS_HERE = {
    "block sequence entries are not allowed in this context": (
        "a list item on the line of its key: start the list on the next line"
    ),
    "did not find expected '-' indicator": (
        "expected a list item: start it with a hyphen, in line with the others"
    ),
    "did not find expected alphabetic or numeric character": (
        "a value cannot begin with & or *: put it in quotes"
    ),
    "did not find expected key": (
        "expected a key: close or escape the quotes before it, and keep keys in line"
    ),
    "did not find expected node content": "a value cannot begin like this: put it in quotes",
    "found character that cannot start any token": "a value cannot begin like this: put it in quotes",
    "found unexpected document indicator": "--- or ... inside quotes: close the quotes before it",
    "found unknown escape character": "unknown escape: write \\\\ for a backslash",
    "found incompatible YAML document": "another version of YAML: remove the %YAML line",
    "found invalid Unicode character escape code": "this escape stands for no character: write the character itself",
    "found undefined tag handle": "anchors and tags are not allowed: write the value out",
    "mapping values are not allowed in this context": (
        "a colon inside a value: put the value in quotes, and keep keys in line"
    ),
}
_PROBLEMS_AT_START = {
    "could not find expected ':'": "expected a key and a colon: indent lines that continue a value",
    "did not find expected ',' or ']'": "a list that is not closed: end it with ]",
    "did not find expected ',' or '}'": "a mapping that is not closed: end it with }",
    "found unexpected end of stream": "quotes that are not closed: close them",
}
_EARLY_END = "did not find expected <document start>"


NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
"""Unquoted values that YAML reads as null."""


class DocumentError(ValueError):
    """An error in a document: what is wrong, where, and what to do.

    Its text is ``path:line:column: message``; lines and columns (in characters) count from 1.
    ``more`` are the further errors of the document, by place: up to ``reading.MAX_ERRORS`` per list
    of values, but none if the YAML itself is wrong.
    """

    def __init__(self, path: str, line: int, column: int, message: str) -> None:
        super().__init__(path, line, column, message)
        self.path = path
        self.line = line
        self.column = column
        self.message = message
        self.more: tuple[DocumentError, ...] = ()

    def __str__(self) -> str:
        path = self.path if self.path.isprintable() else ascii(self.path)[1:-1]
        return f"{path}:{self.line}:{self.column}: {self.message}"


def shown(text: str) -> str:
    """Shorten ``text`` for a message and escape control characters."""
    text = text if len(text) <= 40 else f"{text[:39]}…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Node:
    """A value of a document and its place.

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
        """Whether this is YAML's null: ``null``, ``~`` or an empty value."""
        return self.plain and self.value in NULLS

    def describe(self) -> str:
        """Describe the value for the second half of an error message."""
        if isinstance(self.value, list):
            return "a list"
        if isinstance(self.value, dict):
            return "a mapping"
        if self.is_null:
            return "nothing"
        kind = plain_kind(self.value) if self.plain else None
        return f"{_TAG_WORDS[kind]} ({shown(self.value)})" if kind else f'"{shown(self.value)}"'


class Source:
    """The text of a document, split into front matter and body, and the places of its errors."""

    __slots__ = (
        "body",
        "closing",
        "first_line",
        "has_odd_characters",
        "line_end",
        "opening",
        "path",
        "text",
        "yaml",
    )

    def __init__(self, path: str, data: bytes, *, fenced: bool = True) -> None:
        """Decode ``data``; ``fenced`` documents have ``---`` lines and a body, others are all YAML.

        Line endings become ``\\n``; ``line_end`` keeps the original. Raises DocumentError.
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
        """Return the error for the character at ``index`` of the YAML text."""
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
                self.fail(mixed.start(), "mixed line endings: use either LF or CRLF throughout")
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
                "expected a closing line of three hyphens (---), found the end of the file",
            )
        self.yaml = text[start:at]
        self.body = text[closing.end() :]
        self.opening = opening.group()
        self.closing = closing.group()
        self.first_line = 2


def too_large(path: str, size: int) -> DocumentError:
    """Return the error for a document of ``size`` bytes, which is too large."""
    return DocumentError(path, 1, 1, f"{size:,} bytes: a document has at most {MAX_BYTES:,}")


def plain_kind(text: str) -> str | None:
    """Return how YAML 1.1 reads an unquoted ``text``: None for a string, else "int", "bool", …."""
    # Names and topics repeat. Long texts do not, and would stay in memory.
    return _cached_kind(text) if len(text) <= MAX_KEY else _kind(text)


def _kind(text: str) -> str | None:
    for first in (text[:1], None):
        for tag, matches in _NOT_STRINGS.get(first, ()):
            if matches(text):
                return str(tag.rpartition(":")[2])
    return None


_cached_kind = lru_cache(maxsize=4096)(_kind)


def read_mapping(source: Source) -> Node:
    """Read the YAML of ``source``, which must be one mapping, into nodes.

    Refuses anchors, aliases, tags, merge keys, duplicate keys, a second YAML document, and more
    than MAX_DEPTH levels or MAX_EVENTS events. Raises DocumentError.
    """
    text = source.yaml
    breaks: dict[int, int] = {}
    if source.has_odd_characters:
        forbidden = _FORBIDDEN.search(text)
        if forbidden:
            code = ord(forbidden.group())
            source.fail(forbidden.start(), f"control character U+{code:04X}: write it as an escape")
        if text.startswith("\ufeff"):
            source.fail(0, "a byte order mark: remove it")
        if _ANY_BREAK.search(text):
            breaks = _stand_ins(text)
            text = text.translate({line_break: other for other, line_break in breaks.items()})
    try:
        root = _build(source, CParser(text), breaks)
    except yaml.MarkedYAMLError as error:
        raise _yaml_error(source, text, error) from None
    if root is None or not isinstance(root.value, dict):
        source.fail(root.index if root else 0, "expected keys and values, such as title: …")
    return root


def _stand_ins(text: str) -> dict[int, int]:
    """Choose a character that ``text`` does not contain for each line break that is YAML's alone."""
    used = {ord(character) for character in text}
    used.update(int(code, 16) for code in _LONG_ESCAPE.findall(text))
    free = (code for code in range(0xF0000, 0x10FFFE) if code not in used)
    return {next(free): ord(line_break) for line_break in _BREAKS}


def _yaml_error(source: Source, text: str, error: Any) -> DocumentError:
    index: int = error.problem_mark.index
    problem = str(error.problem)
    message = _PROBLEMS_HERE.get(problem) or " ".join(filter(None, (error.context, problem)))
    line = text.rfind("\n", 0, index) + 1
    line_before = text[text.rfind("\n", 0, max(line - 1, 0)) + 1 : line]
    if problem in _PROBLEMS_AT_START:
        index = error.context_mark.index
        message = _PROBLEMS_AT_START[problem]
    elif text.startswith("\t", index):
        message = "a tab: indent with spaces"
    elif problem == _EARLY_END:
        index = text.rfind("\n...", 0, index) + 1 or index
        message = "the YAML ends here, but text follows: remove the end marker or that text"
    elif problem.startswith("mapping values") and line_before.strip() and ":" not in line_before:
        index = line - len(line_before.lstrip())
        message = _PROBLEMS_AT_START["could not find expected ':'"]
    elif problem == "did not find expected key":
        opening = _swallowing_quote(text, index)
        if opening is not None:
            index = opening
            message = _PROBLEMS_AT_START["found unexpected end of stream"]
    return source.error(index, f"not YAML: {message}")


def _swallowing_quote(text: str, index: int) -> int | None:
    """Return where quotes of several lines open that end right before ``index``, else None."""
    next_event: Callable[[], Any] = CParser(text).get_event
    last: Any = None
    try:
        for event in iter(next_event, None):
            if type(event) is ScalarEvent:
                last = event
    except yaml.MarkedYAMLError:
        pass
    if last is None or last.style not in {"'", '"'} or last.start_mark.line == last.end_mark.line:
        return None
    between = text[last.end_mark.index : index]
    return None if between.strip(" ") else int(last.start_mark.index)


def _build(source: Source, parser: CParser, breaks: dict[int, int]) -> Node | None:
    # One loop: a function per event would cost a call per value.
    next_event: Callable[[], Any] = parser.get_event
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
            if breaks:
                value = value.translate(breaks)
            if may_hold_nul and "\0" in value:
                source.fail(index, "a NUL character: remove it")
            plain = not event.style
            if mapping is not None and key is None:
                if plain and value == "<<":
                    source.fail(index, "merge keys are not allowed: write the keys out")
                if value in mapping:
                    source.fail(index, f"duplicate key {shown(value)}: keep one of them")
                if len(value) > MAX_KEY:
                    source.fail(index, f"a key of {len(value):,} characters: at most {MAX_KEY}")
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
    if container is None or type(container.value) is not dict:
        return None
    return container.value

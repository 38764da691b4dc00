"""Read front matter safely: from bytes to a tree of nodes with their positions in the file.

PyYAML's own loaders are not safe here: ``CSafeLoader`` crashes the process on deep nesting,
silently keeps the last of two equal keys and loops on merge keys. This module reads libyaml's flat
event stream instead and refuses what the document format does not use. Values stay strings until
``reading`` converts them, so that an error in a date can name its line.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

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

from articles.documents.problems import (
    NO_NEWS_KEYS,
    NotNewsError,
    shown,
)
from articles.documents.source import MARK, ODD, Source
from articles.documents.yaml_errors import DOTS, NO_KEY, cannot_begin, explain

MAX_DEPTH: Final = 32
"""Deepest nesting of lists and mappings. The format needs 5."""
MAX_EVENTS: Final = 20_000
"""Most YAML events (values, keys, starts and ends) in one document."""
MAX_KEY: Final = 100
"""Longest key, in characters: libyaml reads at most 1,024, and an escape takes up to 10."""

_LONG_ESCAPE = re.compile(r"\\U([0-9A-Fa-f]{8})")
_COMMENT = re.compile(r"[ \t]*#")
_TEXT_AFTER_DOTS = re.compile(r"^(?=\.\.\.[ \t]*\n[\s\S]*\S)", re.MULTILINE)

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
"""Unquoted values that YAML reads as null."""


class Node:
    """A value of a document and its position.

    ``value`` is a str for a scalar, a list of nodes or a dict of nodes. ``plain`` is true for a
    scalar without quotes. ``index`` and ``key_index`` count characters from the start of the YAML
    text; ``Source.fail`` turns them into lines. ``comment`` is where a comment follows the scalar on
    its line, else None.
    """

    __slots__ = ("comment", "index", "key_index", "plain", "value")

    def __init__(self, value: Any, index: int, plain: bool = False) -> None:
        self.value = value
        self.index = index
        self.plain = plain
        self.key_index = index
        self.comment: int | None = None

    @property
    def is_null(self) -> bool:
        """Whether this is null in YAML: ``null``, ``~`` or an empty value."""
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


def plain_kind(text: str) -> str | None:
    """Return how YAML 1.1 reads an unquoted ``text``: None for a string, else "int", "bool", …."""
    # Names and topics repeat. Long texts rarely do, and would stay in memory.
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
        if text.startswith(MARK):
            source.fail(0, "a byte order mark: remove it")
        odd = set(ODD.findall(text))
        if odd:
            breaks = _stand_ins(text, odd)
            text = text.translate({character: other for other, character in breaks.items()})
    dots = _TEXT_AFTER_DOTS.search(text) if source.fenced and "\n..." in text else None
    if dots:
        source.fail(dots.start(), DOTS)
    try:
        root = _build(source, CParser(text), breaks)
    except yaml.MarkedYAMLError as error:
        index, message = explain(text, error)
        raise source.error(index, f"not YAML: {message}") from None
    if root is None or not isinstance(root.value, dict):
        wrong = source.error(
            root.index if root else 0, "expected keys and values, such as title: …"
        )
        raise NotNewsError.of(wrong, NO_NEWS_KEYS) if source.fenced else wrong
    return root


def _stand_ins(text: str, odd: set[str]) -> dict[int, int]:
    """Choose a substitute for each special character, one that ``text`` does not contain."""
    used = {ord(character) for character in text}
    used.update(int(code, 16) for code in _LONG_ESCAPE.findall(text))
    free = (code for code in range(0xF0000, 0x10FFFE) if code not in used)
    return {next(free): ord(character) for character in sorted(odd)}


def _build(source: Source, parser: CParser, breaks: dict[int, int]) -> Node | None:
    # A single loop, because a function per event would cost a call per value.
    next_event: Callable[[], Any] = parser.get_event
    may_hold_nul = "\\" in source.yaml
    may_hold_comment = "#" in source.yaml
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
                source.fail(index, _refusal(source, index))
            value = event.value
            if breaks:
                value = value.translate(breaks)
            plain = not event.style
            if mapping is not None and key is None:
                if plain and value == "<<":
                    source.fail(index, "merge keys are not allowed: write the keys out")
                if value in mapping:
                    source.fail(index, f"duplicate key {shown(value)}: keep one of them")
                if len(value) > MAX_KEY:
                    long = f"a key of {len(value):,} characters: at most {MAX_KEY}"
                    source.fail(index, NO_KEY if plain and " " in value else long)
                if may_hold_nul and "\0" in value:
                    source.fail(index, "a NUL character: remove it")
                key = value
                key_index = index
                continue
            node = Node(value, index, plain)
            if may_hold_comment and plain:
                comment = _COMMENT.match(source.yaml, event.end_mark.index)
                node.comment = comment.end() - 1 if comment else None
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            container = parents.pop()
            mapping = _mapping_of(container)
            continue
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            index = event.start_mark.index
            if event.anchor is not None or event.tag is not None:
                source.fail(index, _refusal(source, index))
            if mapping is not None and key is None:
                # "{{ title }}" of a template is a mapping within a mapping.
                if source.yaml.startswith("{", index - 1):
                    source.fail(index - 1, cannot_begin("{"))
                source.fail(index, "expected a plain key, found a list or mapping")
            if len(parents) >= MAX_DEPTH:
                source.fail(index, f"nested deeper than {MAX_DEPTH} levels")
            node = Node({} if kind is MappingStartEvent else [], index)
        elif kind is AliasEvent:
            source.fail(event.start_mark.index, cannot_begin("*"))
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


def _refusal(source: Source, index: int) -> str:
    """Return the message for an anchor or a tag; most are meant to be plain text."""
    rest = source.yaml[index : index + 80]
    if re.match(r"! +['\"]", rest):
        return "a value cannot begin with !: remove it, the value has its quotes"
    if rest[:1] in {"&", "!"} and not re.match(r"\S*\s*(?:\n|$)", rest):
        return cannot_begin(rest[0])
    return "anchors and tags are not allowed: write the value out, or put it in quotes"

"""Write YAML: the scalars and blocks of the document format.

PyYAML's dumpers choose quotes, widths and line folds themselves, so they cannot reproduce a document
byte for byte. The format needs few forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias

from articles.documents.frontmatter import plain_kind, read_mapping
from articles.documents.problems import DocumentError
from articles.documents.source import Source


class Plain(str):
    """An unquoted value that YAML does not read as a string, for example ``1.50``.

    Keeps its text, so that the value of an unknown key is exported unchanged.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


Extra: TypeAlias = "str | list[Extra] | dict[str, Extra]"
"""The value of an unknown key: a text, or a list or mapping of such values."""

# Cc and what libyaml's reader refuses, plus U+FEFF, which editors strip as a byte order mark.
_ESCAPED = re.compile('[\x00-\x1f"\\\\\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]')
_SHORT_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Other readers of YAML 1.1 would fold or remove these.
_NEVER_PLAIN = re.compile("[\n\x85\u2028\u2029\ufeff]")
# Always plain: words of letters and digits, separated by single spaces, starting with a letter.
_CLEARLY_PLAIN = re.compile(r"[A-Za-z][\w.&'()/+-]*(?: [\w.&'()/+-]+)*\Z")


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    short = _SHORT_ESCAPES.get(character)
    if short:
        return short
    code = ord(character)
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def double_quoted(text: str) -> str:
    """Return ``text`` in double quotes, with control characters escaped."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


@lru_cache(maxsize=4096)
def plain_or_quoted(text: str) -> str:
    """Return ``text``, in double quotes unless it reads back as the same string without them."""
    if _CLEARLY_PLAIN.match(text) and plain_kind(text) is None:
        return text
    return text if _reads_back(text) else double_quoted(text)


@lru_cache(maxsize=1024)
def _key(text: str) -> str:
    """Return a key, quoted unless it reads back at the start of a line, unlike ``--- a``."""
    written = plain_or_quoted(text)
    try:
        root = read_mapping(Source("", f"{written}: 1\n".encode(), fenced=False))
    except DocumentError:
        return double_quoted(text)
    return (
        written
        if isinstance(root.value, dict) and list(root.value) == [text]
        else double_quoted(text)
    )


def _reads_back(text: str) -> bool:
    if plain_kind(text) is not None or _NEVER_PLAIN.search(text):
        return False
    try:
        source = Source("", f"key: {text}\nlist:\n  - {text}\n".encode(), fenced=False)
        root = read_mapping(source).value
    except (DocumentError, UnicodeEncodeError):
        return False
    return (
        isinstance(root, dict)
        and list(root) == ["key", "list"]
        and isinstance(items := root["list"].value, list)
        and len(items) == 1
        and all(node.plain and node.value == text for node in (root["key"], items[0]))
    )


def block(key: str, value: Extra, indent: str) -> Iterator[str]:
    """Yield the lines for ``key`` and a value of any shape."""
    yield from _shape(f"{indent}{_key(key)}:", value, indent)


def _shape(head: str, value: Extra, indent: str) -> Iterator[str]:
    if isinstance(value, Plain):
        # Null may be written as an empty value.
        yield f"{head} {value}".rstrip(" ")
    elif isinstance(value, str):
        yield f"{head} {double_quoted(value)}"
    elif isinstance(value, list):
        yield head if value else f"{head} []"
        for item in value:
            yield from _shape(f"{indent}  -", item, indent + "  ")
    else:
        yield head if value else f"{head} {{}}"
        for key, item in value.items():
            yield from block(key, item, indent + "  ")

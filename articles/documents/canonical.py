"""Read the canonical form without libyaml: a fast path next to ``read_mapping``.

An import spends most of its time in libyaml's events. Nearly every document is canonical, with one
key or item per line, so a regular expression can split all its lines at once. ``read_mapping``
handles everything else, and reports all errors with their positions. A property test checks that
both return the same values for any text that both can read.
"""

from __future__ import annotations

import re
from typing import Any, Final

from articles.documents.frontmatter import Node
from articles.documents.source import Source

# A line is blank, or has spaces, then optionally a hyphen, a key and a value. The value is in
# double quotes, or unquoted if it is a number, a time, or words without a special meaning in YAML.
_LINE: Final = re.compile(
    r"""^
    (\ *) (-\ )?
    (?:([A-Za-z]\w{0,99}):(?=\ |$)\ ?)?
    (
        "[^"\\\n]*(?:\\.[^"\\\n]*)*"
      | \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ
      | -1
      | [^\W_][\w.&'()/+-]*(?:\ [\w.&'()/+-]+)*
    )?
    $""",
    re.MULTILINE | re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|(.))")
_ESCAPES: Final = {"\\": "\\", '"': '"', "n": "\n", "r": "\r", "t": "\t"}


def read_canonical(source: Source) -> Node | None:
    """Read canonical YAML into nodes without positions; return None for any other."""
    text = source.yaml
    if source.has_odd_characters:
        return None
    lines = _LINE.findall(text)
    # The empty line after the final line ending matches as well.
    if len(lines) != text.count("\n") + 1:
        return None
    try:
        return Node(_nest(lines), 0)
    except _NotCanonicalError:
        return None


class _NotCanonicalError(Exception):
    pass


def _nest(lines: list[tuple[str, str, str, str]]) -> dict[str, Node]:
    root: dict[str, Node] = {}
    # The open lists and mappings, outermost first, and the indentation of each in spaces.
    containers: list[Any] = [root]
    depths = [0]
    waiting: Node | None = None  # the value of a key that has no value on its own line
    for indent, hyphen, key, text in lines:
        if not key and not hyphen:
            if indent or text:
                raise _NotCanonicalError
            continue
        depth = len(indent)
        if waiting is not None:
            if depth != depths[-1] + 2:
                raise _NotCanonicalError
            waiting.value = [] if hyphen else {}
            containers.append(waiting.value)
            depths.append(depth)
            waiting = None
        else:
            while depths[-1] > depth:
                depths.pop()
                containers.pop()
            if depths[-1] != depth:
                raise _NotCanonicalError
        container = containers[-1]
        if hyphen:
            if type(container) is not list:
                raise _NotCanonicalError
            if not key:
                container.append(_scalar(text))
                continue
            item: dict[str, Node] = {}
            container.append(Node(item, 0))
            container = item
            containers.append(item)
            depths.append(depth + 2)
        if type(container) is not dict or key in container:
            raise _NotCanonicalError
        if text:
            container[key] = _scalar(text)
        else:
            waiting = container[key] = Node(None, 0)
    if waiting is not None:
        raise _NotCanonicalError
    return root


def _scalar(text: str) -> Node:
    if text[:1] != '"':
        if not text:
            raise _NotCanonicalError
        return Node(text, 0, plain=True)
    value = text[1:-1]
    if "\\" in value:
        value = _ESCAPE.sub(_unescape, value)
    return Node(value, 0)


def _unescape(match: re.Match[str]) -> str:
    two, four, one = match.groups()
    if one:
        if one not in _ESCAPES:
            raise _NotCanonicalError
        return _ESCAPES[one]
    code = int(two or four, 16)
    # Let read_mapping report NUL and surrogates as errors.
    if code == 0 or 0xD800 <= code < 0xE000:
        raise _NotCanonicalError
    return chr(code)

"""Explain in plain words why YAML cannot be read, and where to fix it.

libyaml notices many mistakes late, and describes them in terms that few authors know. Most come
from a value that needs quotes, so this module also looks at the line itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import yaml
from yaml._yaml import CParser
from yaml.events import ScalarEvent

UNCLOSED_QUOTES: Final = "quotes that are not closed: close them"
_TWO_QUOTES = {
    '"': UNCLOSED_QUOTES,
    "'": f"{UNCLOSED_QUOTES}, or put the whole value in double quotes",
}
NO_KEY: Final = (
    "a line without a key and a colon: indent it if it continues the value above, "
    "as a second paragraph does"
)
LATE_TEXT: Final = "the YAML ends here, but text follows: remove the end marker or that text"
MERGE_MARK: Final = "a mark of a merge conflict: keep one of the two versions, remove the marks"
DOTS: Final = "the front matter ends with ... here: write --- instead"
_UNKNOWN: Final = (
    "this cannot be read: check quotes, colons and indentation here and on the line before"
)

# What libyaml's errors mean to the author of a document. Errors in the second table mean that
# something was not closed. They are reported at its start, because libyaml notices them only later.
_HERE = {
    "block sequence entries are not allowed in this context": (
        "a list item on the line of its key: start the list on the next line, "
        "or put the value in quotes"
    ),
    "did not find expected '-' indicator": (
        "expected a list item: start it with a hyphen, in line with the others"
    ),
    "did not find expected key": (
        "expected a key: close or escape the quotes before it, and keep keys in line"
    ),
    "found unexpected document indicator": "--- or ... inside quotes: close the quotes before it",
    "found unknown escape character": "unknown escape: write \\\\ for a backslash",
    "found incompatible YAML document": "another version of YAML: remove the %YAML line",
    "found duplicate %YAML directive": "a second %YAML line: remove it",
    "found invalid Unicode character escape code": (
        "this escape stands for no character: write the character itself"
    ),
    "did not find expected hexdecimal number": (
        "an escape that is cut off: write \\\\ for a backslash"
    ),
    "mapping values are not allowed in this context": (
        "a colon inside a value: put the value in quotes, and keep keys in line"
    ),
}
_AT_START = {
    "could not find expected ':'": NO_KEY,
    "did not find expected ',' or ']'": "a list that is not closed: end it with ]",
    "did not find expected ',' or '}'": "a mapping that is not closed: end it with }",
    "found unexpected end of stream": UNCLOSED_QUOTES,
}
_AFTER_QUOTES: Final = {"did not find expected key", "did not find expected '-' indicator"}
_EARLY_END: Final = "did not find expected <document start>"

# A line's hyphens and key, up to its value.
_LEAD = re.compile(
    r"""[ ]*(?:-[ ]+)*(?:(?:"[^"\n]*"|'[^'\n]*'|[^\s\[\]{}:,\#'"&*!|>%@`-][^:\n]*?)[ ]*:[ ]+)?"""
)
_CONFLICT = re.compile(r"(?:<{7}|={7}|>{7})(?![<=>])")
_NOT_FIRST: Final = frozenset("*&!|>%@`[]{},?-:")
_PAIRS: Final = {"[": "]", "{": "}"}


def cannot_begin(sign: str) -> str:
    """Return the message for a value that starts with a special character of YAML."""
    message = f"a value cannot begin with {sign}: put the whole value in quotes"
    return f"{message}, or start the list on the next line" if sign == "-" else message


def explain(text: str, error: Any) -> tuple[int, str]:
    """Return the position of the mistake in ``text`` and what to do; ``error`` is libyaml's."""
    index: int = error.problem_mark.index
    problem = str(error.problem)
    started: int | None = None
    if text.startswith("%", index) and text[index - 1 : index] == "{":
        return index - 1, cannot_begin("{")
    if problem in _AT_START or error.context == "while scanning a block scalar":
        started = error.context_mark.index
    line = text.rfind("\n", 0, index) + 1
    if text.startswith("\t", index):
        return index, "a tab: indent with spaces"
    if problem == _EARLY_END:
        return text.rfind("\n...", 0, index) + 1 or index, LATE_TEXT
    if text.startswith("%YAML", line) and problem in _HERE:
        return index, _HERE[problem]
    if problem == "did not find expected key":
        opening = _swallowing_quote(text, index)
        if opening is not None:
            return opening, _TWO_QUOTES[text[opening]]
    if _CONFLICT.match(text, line if started is None else started):
        return line if started is None else started, MERGE_MARK
    for place in (index,) if started is None else (started, index):
        found = _unquoted(text, place)
        if found is not None:
            return found, _sign(text, found)
    if started is not None and problem in _AT_START:
        quoted = text[started : started + 1]
        message = _AT_START[problem]
        return started, _TWO_QUOTES.get(quoted, message) if message == UNCLOSED_QUOTES else message
    if problem.startswith("mapping values"):
        before = text[text.rfind("\n", 0, max(line - 1, 0)) + 1 : line]
        if before.strip() and ":" not in before:
            return line - len(before.lstrip()), NO_KEY
    if problem in _AFTER_QUOTES and text[line:index].rstrip()[-1:] in {'"', "'"}:
        lead = _LEAD.match(text, line, index)
        return index, (
            _HERE[problem]
            if lead is None or lead.end() == line
            else "text after the closing quotes: put the whole value in one pair of quotes, "
            'and write \\" for quotes inside it'
        )
    return index, _HERE.get(problem, _UNKNOWN)


def _unquoted(text: str, index: int) -> int | None:
    """Return where a value starts, on the line of ``index``, whose first character needs quotes."""
    line = text.rfind("\n", 0, index) + 1
    lead = _LEAD.match(text, line)
    start = lead.end() if lead else line
    first = text[start : start + 1]
    if first not in _NOT_FIRST or not first or index < start:
        return None
    end = text.find("\n", start)
    rest = text[start : end if end >= 0 else len(text)].rstrip()
    if first in _PAIRS:
        # Quotes do not help a list or mapping in brackets unless text follows it.
        _, closed, after = rest.rpartition(_PAIRS[first])
        return start if start > line and closed and after.strip() and after[:1] == " " else None
    if first in "-:?" and start == line:
        return None
    if first in "|>" and re.fullmatch(r"[|>][-+\d]{0,2}(?: +#.*)?", rest):
        return None
    return start


def _sign(text: str, start: int) -> str:
    if re.match(r"! +['\"]", text[start : start + 80]):
        return "a value cannot begin with !: remove it, the value has its quotes"
    return cannot_begin(text[start])


def _swallowing_quote(text: str, index: int) -> int | None:
    """Return where a multi-line quoted value that ends just before ``index`` opens, else None."""
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

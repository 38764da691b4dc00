"""Plain text from other sites and from forms: entities, control characters, invisible text."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
"""Control characters, and those that XML, and therefore a feed, cannot contain."""

# Python refuses to convert thousands of digits. A code point has at most seven.
_LONG_NUMBER: Final = re.compile(r"&#0*(?=[0-9])([0-9]{0,8})[0-9]*")
# Invisible letters and symbols: Hangul fillers, a Braille pattern without dots, and one that is
# reserved.
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5\u2065")


def decoded(text: str) -> str:
    """Return ``text`` with its entities decoded, except those of control characters."""
    if "&" not in text:
        return text
    return without_controls(html.unescape(_LONG_NUMBER.sub(r"&#\1", text)))


def without_controls(text: str) -> str:
    # U+0085 is a line break.
    return CONTROLS.sub(lambda match: " " if match[0] == "\x85" else "", text)


def is_visible(text: str) -> bool:
    """Return whether a headline or name is visible once its entities are decoded."""
    if text.isascii() and "&" not in text:
        return bool(without_controls(text).strip())
    return any(
        unicodedata.category(one) not in {"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"}
        and one not in _BLANK
        for one in decoded(text)
    )

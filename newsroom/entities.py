"""Decode HTML entities in plain text from other sites."""

from __future__ import annotations

import html
import re
from typing import Final

# Python refuses to convert thousands of digits. A code point has at most seven.
_LONG: Final = re.compile(r"&#0*(?=[0-9])([0-9]{0,8})[0-9]*")
# The only control characters that entities can stand for.
_CONTROLS: Final = dict.fromkeys([0x81, 0x8D, 0x8F, 0x90, 0x9D])


def decoded(text: str) -> str:
    """Return ``text`` with its entities decoded, except those of control characters."""
    if "&" not in text:
        return text
    text = html.unescape(_LONG.sub(r"&#\1", text))
    return text.translate(_CONTROLS)

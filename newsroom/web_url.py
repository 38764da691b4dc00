"""Which addresses a page may point a reader at."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# No user before an @: "https://bank.example@evil.example" leads to the latter. No backslash, which
# browsers take for a slash, no %, which they decode, no controls, of which they leave some out, and
# nothing that turns the direction of what follows around.
_WEB_URL: Final = re.compile(
    r"https?://"
    r"(?P<host>[\w-]+(?:\.[\w-]+)*\.?|\[[0-9a-f:.]+\])"
    r"(?::[0-9]{1,5})?"
    r"(?:[/?#][^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]*)?",
    re.IGNORECASE,
)


def is_web_url(url: str) -> bool:
    """Whether ``url`` is an http or https address, and the host is the one that a person reads.

    False for ``javascript:`` and its kind, for a user before the host, and for characters that
    browsers drop, decode or take for others, such as the full stop of Chinese in a host. Documents
    are checked when they are read, but less strictly, as nothing of theirs is to be lost.
    """
    match = _WEB_URL.fullmatch(url)
    return match is not None and unicodedata.is_normalized("NFKC", match["host"])

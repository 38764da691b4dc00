"""Which URLs a page may link to."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# No user before an @: "https://bank.example@evil.example" leads to the latter. The host has no
# backslash, which browsers read as a slash, and no %, which they decode. There are no control
# characters, some of which browsers drop, and none that change the text direction.
_WEB_URL: Final = re.compile(
    r"https?://"
    r"(?P<host>[\w-]+(?:\.[\w-]+)*\.?|\[[0-9a-f:.]+\])"
    r"(?::[0-9]{1,5})?"
    r"(?:[/?#][^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]*)?",
    re.IGNORECASE,
)


def is_web_url(url: str) -> bool:
    """Return whether ``url`` is an http(s) URL whose host is the one a person would read.

    False for ``javascript:`` and the like, for a user before the host, and for characters that
    browsers drop, decode or normalize, for example a Chinese full stop in the host. Stricter than the
    check of documents, which must not lose any data.
    """
    match = _WEB_URL.fullmatch(url)
    return match is not None and unicodedata.is_normalized("NFKC", match["host"])

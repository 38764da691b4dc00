"""Which URLs a page may link to, and how domains are stored."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ada_url import URL

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

_DOMAIN: Final = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)*")


def ascii_domain(domain: str) -> str | None:
    """Return a domain in its ASCII form, as browsers write it; None if it is not a domain."""
    domain = unicodedata.normalize("NFC", domain)
    if not _DOMAIN.fullmatch(domain):
        return None
    if not domain.isascii():
        try:
            domain = URL(f"https://{domain}").hostname
        except ValueError:
            return None
    return domain if len(domain) <= 253 else None


def is_web_url(url: str) -> bool:
    """Return whether ``url`` is an http(s) URL whose host is the one a person would read.

    False for ``javascript:`` and the like, for a user before the host, and for characters that
    browsers drop, decode or normalize, for example a Chinese full stop in the host. Stricter than the
    check of documents, which must not lose any data.
    """
    match = _WEB_URL.fullmatch(url)
    return match is not None and unicodedata.is_normalized("NFKC", match["host"])

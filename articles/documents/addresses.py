"""Compute the address key of a URL, which is the same for every spelling of a page's address."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import Final

from ada_url import URL

MAX_KEY: Final = 500
"""Longest key, in characters, all of them ASCII, so that a database can index it."""

_DIGEST: Final = 64

# URLs that need no decoding or resolving, as nearly all URLs of real hubs. Parsing takes ten times
# as long. A host that ends in a digit may be an IP address.
_PLAIN: Final = re.compile(
    r"(?i:https?)://(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]+)"
    r"(?P<path>(?:/(?!\.)[A-Za-z0-9._~!$&()*+,;=:@-]*)*)\Z",
    re.ASCII,
)
# Keys do not match: a key may begin with the host "http" and a port.
_WEB: Final = re.compile(r"(?:https?:[/\\]{2})+", re.IGNORECASE)
_ESCAPE: Final = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]", re.ASCII)
_ENDING: Final = re.compile(r"(?:/+|/+amp/*)+\Z", re.IGNORECASE)

# Parameters that track readers and do not change the page: for statistics (Google, Matomo,
# Openstat), ads (Google, Meta, Microsoft, Yandex, X, TikTok, LinkedIn) and newsletters (Mailchimp,
# HubSpot, Marketo).
_TRACKING_GROUPS: Final = ("utm_", "mtm_", "pk_", "piwik_", "matomo_", "__hs")
_TRACKING: Final = frozenset(
    [
        "_ga",
        "_gl",
        "_hsenc",
        "_hsmi",
        "_openstat",
        "dclid",
        "fbclid",
        "gad_source",
        "gbraid",
        "gclid",
        "gclsrc",
        "hsctatracking",
        "igsh",
        "igshid",
        "li_fat_id",
        "mc_cid",
        "mc_eid",
        "mkt_tok",
        "msclkid",
        "srsltid",
        "ttclid",
        "twclid",
        "wbraid",
        "yclid",
        "ysclid",
    ]
)


@lru_cache(maxsize=8_192)
def address_key(url: str) -> str:
    """Return the address key of a URL; equal keys mean the same page.

    A key has no scheme, leading ``www.``, user, default port, fragment, tracking parameters, and no
    slash or ``/amp`` at its end. The host is in lower case and in its ASCII form. Characters are
    percent-encoded only if necessary. A long key ends in a digest. Text that does not begin like a
    web URL, such as a key, is returned unchanged.
    """
    if plain := _PLAIN.match(url):
        return _bounded(_host(plain["host"].lower()) + _ENDING.sub("", plain["path"]))
    if not _WEB.match(url):
        return _bounded(url)
    try:
        parsed = URL(url)
    except ValueError:
        return _bounded(_WEB.sub("", url, count=1))
    port = f":{parsed.port}" if parsed.port else ""
    key = _host(parsed.hostname) + port + _ENDING.sub("", _normalized(parsed.pathname))
    asked = (part for part in parsed.search[1:].split("&") if part)
    kept = [one for one in map(_normalized, asked) if not _is_tracking(one)]
    return _bounded(f"{key}?{'&'.join(kept)}" if kept else key)


def _host(host: str) -> str:
    return host.rstrip(".").removeprefix("www.")


def _is_tracking(parameter: str) -> bool:
    name = parameter.partition("=")[0].lower()
    return name in _TRACKING or name.startswith(_TRACKING_GROUPS)


def _normalized(text: str) -> str:
    """Decode the characters that need no encoding, and write the other codes in upper case."""

    def one(match: re.Match[str]) -> str:
        letter = chr(int(match[1], 16))
        return letter if _UNRESERVED.match(letter) else match[0].upper()

    return _ESCAPE.sub(one, text)


def _bounded(key: str) -> str:
    if len(key) <= MAX_KEY and key.isascii():
        return key
    digest = sha256(key.encode(errors="surrogatepass")).hexdigest()
    return key.encode("ascii", "replace").decode()[: MAX_KEY - _DIGEST] + digest

"""Which addresses a page may point a reader at."""

from __future__ import annotations

import re

_WEB_URL = re.compile(r"https?://[^\s/?#\\]", re.IGNORECASE)


def is_web_url(url: str) -> bool:
    """Whether ``url`` is an http or https address; ``javascript:`` and its kind are not.

    Documents are checked when they are read. This is for rows that came another way.
    """
    return _WEB_URL.match(url) is not None

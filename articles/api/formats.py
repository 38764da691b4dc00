"""Values as answers give them."""

from __future__ import annotations

from datetime import datetime
from typing import overload

from articles.documents import iso
from articles.models import Article
from newsroom.sanitizing import clean
from newsroom.web_url import is_web_url


@overload
def instant(moment: datetime) -> str: ...
@overload
def instant(moment: None) -> None: ...
def instant(moment: datetime | None) -> str | None:
    """Write a moment as documents do: in UTC, with a Z."""
    return iso(moment) if moment else None


def web_address(url: str) -> str | None:
    """Return an address of the web; others, such as those that are code, are nobody's to follow."""
    return url if is_web_url(url) else None


def featured(article: Article) -> str | None:
    """Return the featured content, sanitized; frames of players are in it."""
    return clean(article.featured_content) or None

"""Images as feeds, previews and sitemaps show them: our copy if there is one, else the original."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

from django.http import HttpRequest

from articles.models import Article, Image
from newsroom.absolute_urls import absolute


@dataclass(frozen=True, slots=True)
class SharedImage:
    """An image with an absolute URL. Width and height in pixels, None if unknown."""

    url: str
    width: int | None
    height: int | None
    title: str
    credit: str
    byte_size: int | None = None
    """Set only for a stored copy, which is always a JPEG."""


def shared(request: HttpRequest, image: Image) -> SharedImage:
    """Return the largest stored copy of an image, or the original. No query after ``for_list()``."""
    words = image.title or "", image.attribution or ""
    if image.stored is None:
        return SharedImage(image.url, image.width, image.height, *words)
    largest = image.stored.copies[-1]
    url = media_address(request, image.stored.url)
    size = largest["bytes"]["jpeg"]
    return SharedImage(url, largest["width"], largest["height"], *words, byte_size=size)


def shared_picture(request: HttpRequest, article: Article) -> SharedImage | None:
    """Return an article's picture: its first stored image, or else its first. No query."""
    image = article.picture or article.lead_image
    return shared(request, image) if image else None


def media_address(request: HttpRequest, address: str) -> str:
    """Return the absolute URL of a stored file; media may have a host of their own."""
    return urljoin(absolute(request, "/"), address)

"""Images for feeds, previews and sitemaps: our copy if there is one, otherwise the original."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

from django.http import HttpRequest

from articles.models import Article, Image
from newsroom.absolute_urls import absolute


@dataclass(frozen=True, slots=True)
class SharedImage:
    """An image with an absolute URL. Width and height are in pixels, or None if unknown."""

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
    """Return an article's first stored image, or its first image if none is stored. No query."""
    image = article.picture or article.lead_image
    return shared(request, image) if image else None


def media_address(request: HttpRequest, address: str) -> str:
    """Return the absolute URL of a stored file. Media may be on a separate host."""
    return urljoin(absolute(request, "/"), address)

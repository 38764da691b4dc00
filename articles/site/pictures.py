"""What is told of an image to whoever shows it elsewhere: our copy of it, or the source's own."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

from django.http import HttpRequest

from articles.models import Article, Image
from newsroom.absolute_urls import absolute


@dataclass(frozen=True, slots=True)
class ToldImage:
    """An image with its whole address; sizes in pixels, None where nobody told them."""

    url: str
    width: int | None
    height: int | None
    title: str
    credit: str
    byte_size: int | None = None
    """Of a copy that is kept here, which is a JPEG; None of any other."""


def told(request: HttpRequest, image: Image) -> ToldImage:
    """Tell of an image that ``for_list()`` loaded: the largest copy where one is kept. No query."""
    words = image.title or "", image.attribution or ""
    if image.stored is None:
        return ToldImage(image.url, image.width, image.height, *words)
    largest = image.stored.copies[-1]
    url = media_address(request, image.stored.url)
    size = largest["bytes"]["jpeg"]
    return ToldImage(url, largest["width"], largest["height"], *words, byte_size=size)


def told_of(request: HttpRequest, article: Article) -> ToldImage | None:
    """Tell of the image that stands for an article: the first that is kept, or the first. No query."""
    image = article.picture or article.lead_image
    return told(request, image) if image else None


def media_address(request: HttpRequest, address: str) -> str:
    """Return the whole address of a kept file, which may have a host of its own."""
    return urljoin(absolute(request, "/"), address)

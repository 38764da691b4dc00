"""Every public URL, read from the URLconf, so that new ones are included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from django.test import Client
from django.urls import reverse

from articles.models import Article, Topic
from articles.models.stored_image import name_of
from articles.site.feeds.formats import FORMATS
from articles.site.sitemaps import SPAN
from providers.models import Provider
from tests.newsroom.authorization import addresses

NOT_FOR_READERS: Final = re.compile(
    r"admin[:_]|password_reset|healthz|readyz|articles:api:newsdesk|metrics"
)
PUBLIC: Final = {
    name: pattern for name, pattern in addresses().items() if not NOT_FOR_READERS.match(name)
}
"""The patterns of all public URLs, by name."""
NOWHERE: Final = "2026-03-01-never-was"
"""A slug that no article has."""
NO_COPY: Final = name_of("0" * 64, 320, "webp")
"""The name of an image that is not stored, because stored images are not text."""


@dataclass(frozen=True)
class Place:
    """An article, and the lists that could show it."""

    article: Article
    topic: Topic
    provider: Provider

    def addresses(self, name: str) -> Iterator[str]:
        """Return the URLs of a pattern for this article; several if it has formats."""
        values: dict[str, list[Any]] = {
            "slug": [
                self.topic.slug if name.endswith(("topic", "topic-feed")) else self.article.slug
            ],
            "domain": [self.provider.domain],
            "ending": [*FORMATS],
            "topic": [self.topic.slug],
            "page": [1],
            "name": [NO_COPY],
            "number": [(self.article.pk or 0) // SPAN],
        }
        parameters = re.findall(r"<(?:\w+:)?(\w+)>", PUBLIC[name])
        for chosen in product(*(values[parameter] for parameter in parameters)):
            yield reverse(name, kwargs=dict(zip(parameters, chosen, strict=True)))

    def all_addresses(self) -> Iterator[str]:
        """Return all public URLs, with this article's values filled in."""
        for name in PUBLIC:
            yield from self.addresses(name)


Answer = tuple[int, str, dict[str, str], bytes]


def answer(
    client: Client, address: str, query: dict[str, str] | None = None, method: str = "get"
) -> Answer:
    """Return a URL's whole response as text: status, headers and body.

    Leave out the tag and date of the edition, which change with every write.
    """
    response = getattr(client, method)(address, query or {})
    headers = dict(response.items())
    headers.pop("ETag", None)
    headers.pop("Last-Modified", None)
    return response.status_code, response.reason_phrase, headers, response.content

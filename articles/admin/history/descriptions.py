"""Article values as text, for histories and comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.text import Truncator

from articles.documents.marks import IMAGE_FIELDS
from articles.models import Article, Topic
from newsroom.dates import in_words
from providers.models import Provider

LABELS: Final[Mapping[str, str]] = {
    "decision": "decision",
    "decision_reason": "note",
    "decision_until": "decided until",
    "is_pinned": "pinned as lead",
    "publish_from": "goes live",
    "publish_until": "expires",
    "provider_id": "provider",
    "names": "links to",
    "named_by": "linked from",
    "related": "links to",
    "original_url": "original URL",
    "web_url": "web URL",
    "amp_url": "AMP URL",
    "cdn_amp_url": "AMP URL at a CDN",
    "locale": "language",
}


def label(name: str) -> str:
    return LABELS.get(name, name.replace("_", " "))


@dataclass(frozen=True, slots=True)
class Names:
    """Names by id: headlines of articles, and names of topics and providers."""

    articles: Mapping[int, str]
    topics: Mapping[int, str]
    providers: Mapping[int, str]

    @classmethod
    def load(cls, articles: Iterable[int], values: Sequence[Mapping[str, Any]]) -> Names:
        """Look up the articles, and the topics and providers in ``values``. One query per kind."""
        ids = sorted(set(articles))
        found = Article.objects.filter(pk__any_of=ids).only("title") if ids else ()
        providers = {one.get("provider_id") for one in values} - {None}
        return cls(
            {article.pk: article.headline for article in found},
            _names(Topic, {pk for one in values for pk in one.get("topics", ())}),
            _names(Provider, providers),
        )

    def article(self, pk: int) -> str:
        return Truncator(self.articles.get(pk, f"deleted article {pk}")).chars(100)

    def listed(self, name: str, values: Iterable[Any]) -> list[str]:
        match name:
            case "topics":
                return [self.topics.get(pk, f"deleted topic {pk}") for pk in values]
            case "images":
                return [_image(values) for values in values]
        return [self.article(pk) for pk in values]

    def shown(self, name: str, value: Any) -> str:
        match value:
            case None | "":
                return Article.Decision.NONE.label if name == "decision" else "(empty)"
            case bool():
                return "yes" if value else "no"
            case datetime():
                return in_words(value)
            case list() | tuple():
                return "; ".join(self.listed(name, value)) or "(none)"
        if name == "provider_id":
            return self.providers.get(value, f"deleted provider {value}")
        if name == "decision" and value in Article.Decision.values:
            return str(Article.Decision(value).label)
        return str(value)


def _names(model: type[Topic] | type[Provider], ids: Iterable[Any]) -> dict[int, str]:
    return dict(model._default_manager.filter(pk__in=ids).values_list("pk", "name"))


def _image(values: Sequence[Any]) -> str:
    image = dict(zip(IMAGE_FIELDS, values, strict=False))
    size = f"{image['width']} × {image['height']}" if image.get("width") else ""  # noqa: RUF001 - the sign of a size
    parts = (image.get("url"), size, image.get("title"), image.get("attribution"))
    return ", ".join(str(part) for part in parts if part)

"""Values of articles as text, for histories and comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.utils.text import Truncator

from articles.importing.snapshot import IMAGE_FIELDS
from articles.models import ActChange, Article, Topic
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
    "published_at": "published at",
    "updated_at": "updated at",
    "original_url": "original URL",
    "web_url": "web URL",
    "amp_url": "AMP URL",
    "cdn_amp_url": "AMP URL at a CDN",
    "featured_content": "featured content",
}
SIGNATURES: Final = {"decided_by_id", "decided_at", "scored_at"}
"""Columns that say who decided and when, which the history shows anyway."""


def label(name: str) -> str:
    return LABELS.get(name, name)


@dataclass(frozen=True, slots=True)
class Names:
    """Names by id: headlines of articles, names of topics and providers."""

    articles: Mapping[int, str] = field(default_factory=dict)
    topics: Mapping[int, str] = field(default_factory=dict)
    providers: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        articles: Iterable[int] = (),
        topics: Iterable[int] = (),
        providers: Iterable[int] = (),
    ) -> Names:
        """Look up names. One query per kind."""
        found = Article.objects.filter(pk__any_of=sorted(set(articles))) if articles else ()
        return cls(
            {article.pk: article.headline for article in found and found.only("title")},
            _names(Topic, topics),
            _names(Provider, providers),
        )

    @classmethod
    def of_changes(cls, rows: Sequence[ActChange]) -> Names:
        """Look up all names in the changes of a history."""
        values = [values for row in rows for values in (row.before, row.after)]
        return cls.load(
            {pk for row in rows for pk, _ in (*row.linked, *row.unlinked)},
            {pk for one in values for pk in one.get("topics", ())},
            {one["provider_id"] for one in values if one.get("provider_id") is not None},
        )

    def article(self, pk: int) -> str:
        """Return an article's headline, shortened."""
        return Truncator(self.articles.get(pk, f"deleted article {pk}")).chars(100)

    def listed(self, name: str, values: Iterable[Any]) -> list[str]:
        """Return the members of a list as text."""
        match name:
            case "topics":
                return [self.topics.get(pk, f"deleted topic {pk}") for pk in values]
            case "images":
                return [_image(values) for values in values]
        return [self.article(pk) for pk in values]

    def shown(self, name: str, value: Any) -> str:
        """Return one value as text, not shortened."""
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


def _names(model: type[Topic] | type[Provider], ids: Iterable[int]) -> dict[int, str]:
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    return dict(model._default_manager.filter(pk__in=wanted).values_list("pk", "name"))


def _image(values: Sequence[Any]) -> str:
    image = dict(zip(IMAGE_FIELDS, values, strict=False))
    size = f"{image['width']} × {image['height']}" if image.get("width") else ""  # noqa: RUF001 - the sign of a size
    parts = (image.get("url"), size, image.get("title"), image.get("attribution"))
    return ", ".join(str(part) for part in parts if part)

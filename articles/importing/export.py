"""Export articles as documents: the imported documents with all later changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from articles import documents, heat
from articles.documents import ArticleDocument, DocumentImage, DocumentProvider, RelatedEntry
from articles.importing import decisions, snapshot
from articles.models import Article
from articles.models.topic import topic_key
from articles.scoring import Policy
from newsroom.paging import chunks
from providers.models import Provider

CHUNK: Final = 500
"""How many articles to load at a time; limits the memory of an export."""
_LOADED: Final = (
    *snapshot.STATE_LOADED,
    "related_links__target__provider",
    "related_links__target__images",
)


def export(
    articles: QuerySet[Article], folder: Path, *, plain: bool = False
) -> Iterator[tuple[str, bool]]:
    """Write one file, ``<slug>.md``, for each of ``articles`` that has a document.

    Yield each file name, and whether the file differs from the imported one, by primary key. Files
    are replaced atomically, so that nobody reads half of one. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, data, is_revised in documents_of(articles, plain=plain):
        beside = folder / f".{name}.part"
        beside.write_bytes(data)
        os.replace(beside, folder / name)  # noqa: PTH105 - Path.replace says the same and costs more
        yield name, is_revised


def documents_of(
    articles: QuerySet[Article], *, plain: bool = False
) -> Iterator[tuple[str, bytes, bool]]:
    """Yield file name, document, and whether it differs from the imported one, by primary key.

    Leaves out articles without a document.
    """
    policy, at = heat.current_policy(), timezone.now()
    loaded = (
        articles.filter(source_document__isnull=False)
        .select_related("provider", "source_document")
        .prefetch_related(*_LOADED)
    )
    for chunk in chunks(loaded, CHUNK):
        for article in chunk:
            data = article.source_document.data
            revised = documents.revise(data, present(article, policy, at, plain=plain))
            yield f"{article.slug}.md", revised, revised != data


def present(
    article: Article,
    policy: Policy | None = None,
    at: datetime | None = None,
    *,
    plain: bool = False,
) -> ArticleDocument:
    """Return an article's document: the imported one with the fields that have changed since.

    ``policy`` is the one in force; it decides values that the document does not give. A ``plain``
    document does not say what editors decided.
    """
    at = at or timezone.now()
    document = article.source_document.parse()
    before = snapshot.of_document(document)
    now = snapshot.of_article(article)
    values: dict[str, Callable[[], Any]] = {
        "body": lambda: article.body,
        "quality": lambda: article.quality,
        "provider": lambda: _provider(article.provider),
        "topics": lambda: _topics(article, document),
        "images": lambda: _images(article, document),
        "related": lambda: _related(article, document, now["related"]),
    }
    changes: dict[str, Any] = {
        name: values[name]() if name in values else getattr(article, name) or None
        for name in snapshot.changed_fields(before, now)
    }
    if "locale" in changes:
        locale = changes.pop("locale")
        is_of_site = locale.lower() == settings.LANGUAGE_CODE.lower()
        changes["language"] = None if is_of_site else locale
    decided, was_decided = decisions.of_article(article, at), decisions.of_document(document, at)
    if plain:
        changes["desk"] = None
        was_decided = dict(decisions.NONE)
    elif decided != was_decided:
        changes["desk"] = decisions.desk_of(decided, document)
    if decided["decision"] == was_decided["decision"]:
        score = _score(article, document, policy or heat.current_policy(), at)
    else:
        score = {"heat": article.heat, "published": article.published}
    if article.quality is None:
        score = {"heat": None, "published": None}
    return replace(document, **changes, **score)


def _score(
    article: Article, document: ArticleDocument, policy: Policy, at: datetime
) -> dict[str, Any]:
    """Return heat and published if the document has to change, under the same decision."""
    if article.quality == document.quality and document.heat is None:
        # The document leaves its score to the policy.
        return {}
    published = document.published
    if decisions.is_over(document, at) or published is None:
        # Only the heat says what holds without the decision.
        published = document.heat is not None and document.heat >= policy.threshold
    published = decisions.forced(article.decision).get("published", published)
    if (document.heat, published) == (article.heat, article.published):
        return {}
    return {"heat": article.heat, "published": article.published}


def _topics(article: Article, document: ArticleDocument) -> tuple[str, ...]:
    spelled = {topic_key(name): name for name in reversed(document.topics)}
    topics = [link.topic for link in article.topic_links.all()]
    return tuple(spelled.get(topic.key, topic.name) for topic in topics)


def _images(article: Article, document: ArticleDocument) -> tuple[DocumentImage, ...]:
    known = {image.url: image.extra for image in document.images}
    return tuple(
        replace(DocumentImage(*snapshot.image_state(image)), extra=known.get(image.url, {}))
        for image in article.images.all()
    )


def _provider(provider: Provider) -> DocumentProvider:
    logos = tuple(
        DocumentImage(logo["url"], logo.get("width"), logo.get("height"))
        for logo in provider.logos
        if str(logo.get("url", "")).startswith("http")
    )
    return DocumentProvider(provider.name, provider.domain, logos)


def _related(
    article: Article, document: ArticleDocument, urls: Sequence[str]
) -> tuple[RelatedEntry, ...]:
    """Keep the document's entries of articles that are still related, and add new ones."""
    targets = {link.target.url: link.target for link in article.related_links.all()}
    kept = [
        entry for entry in document.related if entry.url in targets or entry.url == document.url
    ]
    known = {entry.url: entry for entry in reversed(kept)}
    added = [_entry(target) for url, target in targets.items() if url not in known]
    # Entries without a link (the document's own URL, or a repeated URL) stay where they are if the
    # others keep their order.
    together = (*kept, *added)
    order = dict.fromkeys(entry.url for entry in together if entry.url != document.url)
    if list(order) == list(urls):
        return together
    return tuple(known.get(url) or _entry(targets[url]) for url in urls)


def _entry(target: Article) -> RelatedEntry:
    return RelatedEntry(
        title=target.title,
        published_at=target.published_at,
        provider=_provider(target.provider),
        excerpt=target.excerpt or None,
        original_url=None if target.web_url else target.original_url,
        web_url=target.web_url or None,
        amp_url=target.amp_url or None,
        cdn_amp_url=target.cdn_amp_url or None,
        type=target.type,
        quality=target.quality,
        images=tuple(DocumentImage(*snapshot.image_state(image)) for image in target.images.all()),
    )

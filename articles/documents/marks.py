"""Marks of documents: digests that an import stores and an export compares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Final

from articles.documents.model import ArticleDocument
from articles.documents.naming import topic_key

TEXTS: Final = (
    "category",
    "title",
    "excerpt",
    "body",
    "featured_content",
    "original_url",
    "web_url",
    "amp_url",
    "cdn_amp_url",
)
IMAGE_FIELDS: Final = ("url", "width", "height", "title", "attribution", "is_cached")
ABSENT: Final = "-"

texts_of: Final = attrgetter(*TEXTS)
"""Return the texts of a document or an article."""
image_state: Final = attrgetter(*IMAGE_FIELDS)
"""Return the values of an image."""


def topic_keys(document: ArticleDocument) -> list[str]:
    return list(dict.fromkeys(map(topic_key, document.topics)))


def related_keys(document: ArticleDocument) -> list[str]:
    """Return the distinct address keys that a document names, except its own and ``further_keys``.

    Whether these articles exist is not part of a state.
    """
    own = document.key
    return list(dict.fromkeys([entry.key for entry in document.related if entry.key != own]))


def further_keys(document: ArticleDocument) -> list[str]:
    """Return the address keys of the entries that mean a further article with the same address.

    These entries have the document's own key, or the key of an earlier entry with another title or
    time.
    """
    if not document.related:
        return []
    seen: dict[str, set[tuple[str, datetime]]] = {document.key: set()}
    further = []
    for entry in document.related:
        told = (entry.title, entry.published_at)
        if told not in seen.setdefault(entry.key, {told}):
            further.append(entry.key)
            seen[entry.key].add(told)
    return further


def mark_of(document: ArticleDocument) -> str | None:
    """Return the mark of a document; None if it has decisions, which change with time.

    The mark is a digest of its values, followed by its language, heat and published, if given: the
    meaning of these depends on settings and policy.
    """
    if document.desk is not None:
        return None
    values = [text or "" for text in texts_of(document)]
    values += (document.type or "article", document.published_at)
    values += (document.updated_at, document.provider.key, document.quality)
    digest = digest_of(
        values,
        topic_keys(document),
        map(image_state, document.images),
        related_keys(document),
    )
    given = (document.language, document.heat, document.published)
    return " ".join([digest, *(ABSENT if one is None else str(one) for one in given)])


def digest_of(
    values: Sequence[Any], topics: Iterable[str], images: Iterable[Any], keys: Iterable[str]
) -> str:
    """Return the digest of an article's values, topic keys, images and related address keys."""
    parts = (
        "\0".join(map(str, values)),
        "\0".join(topics),
        "\0".join([repr(list(image)) for image in images]),
        "\0".join(keys),
    )
    return blake2b("\1".join(parts).encode(), digest_size=16).hexdigest()

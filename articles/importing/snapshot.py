"""The state of an article in terms of its document, and the three-way merge of states.

A state maps field names to values for JSON: texts, numbers, and lists of topic keys, images and
address keys of
related articles. This way a document and its article can be compared field by field.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from unicodedata import normalize

from django.conf import settings

from articles.documents import ArticleDocument, iso
from articles.documents.marks import TEXTS, image_state, related_keys, topic_keys
from articles.models import Article

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that source and editor changed to different values."""

    field: str
    before: Any
    source: Any
    editor: Any


def of_document(document: ArticleDocument) -> dict[str, Any]:
    """Return the state of an article just imported from ``document``."""
    return _texts_and_times(document) | {
        "locale": language_of(document),
        "provider": document.provider.key,
        "quality": document.quality,
        "topics": topic_keys(document),
        "images": [list(image_state(image)) for image in document.images],
        "related": related_keys(document),
    }


def of_article(article: Article, document: ArticleDocument | None = None) -> dict[str, Any]:
    """Return an article's present state; five queries unless STATE_LOADED is loaded.

    ``document`` is its own. Links are address keys, and the provider is a domain, as the document
    spells them. Former keys and domains cost one more query.
    """
    provider = article.provider
    own = document.key if document else article.address_key
    keys = set(related_keys(document)) if document else set()
    targets = [link.target for link in article.related_links.all()]
    named = document.provider.key if document else provider.domain
    was_so = named != provider.domain and provider.former_domains.filter(domain=named).exists()
    return _texts_and_times(article) | {
        "locale": article.locale,
        "provider": named if was_so else provider.domain,
        "quality": article.quality,
        "topics": [link.topic.key for link in article.topic_links.all()],
        "images": [list(image_state(image)) for image in article.images.all()],
        "related": [
            key for key in dict.fromkeys(key_of(one, keys) for one in targets) if key != own
        ],
    }


def _texts_and_times(one: Article | ArticleDocument) -> dict[str, Any]:
    state: dict[str, Any] = {name: getattr(one, name) or "" for name in TEXTS}
    state["type"] = one.type or Article.Type.ARTICLE.value
    state["published_at"] = iso(one.published_at)
    state["updated_at"] = one.updated_at and iso(one.updated_at)
    return state


def language_of(document: ArticleDocument) -> str:
    """Return a document's language; by default it is the site's."""
    return document.language or settings.LANGUAGE_CODE


def key_of(target: Article, named: Collection[str]) -> str:
    """Return an article's address key, or a former one if that is in ``named``."""
    if target.address_key not in named:
        for former in target.former_addresses.all():
            if former.address_key in named:
                return former.address_key
    return target.address_key


def alike(one: Any, other: Any) -> bool:
    """Return whether two values look the same, ignoring Unicode forms and spaces at either end."""
    return bool(one == other) or _as_seen(one) == _as_seen(other)


def _as_seen(value: Any) -> Any:
    if isinstance(value, str):
        return normalize("NFC", value).strip()
    return list(map(_as_seen, value)) if isinstance(value, list) else value


def changed_fields(before: State, after: State) -> list[str]:
    """Return the fields whose values do not look the same, in the order of the state."""
    return [name for name, value in before.items() if not alike(after[name], value)]


def merge(before: State, source: State, editor: State) -> tuple[dict[str, Any], list[Conflict]]:
    """Merge the changes of a document since its last import with those of editors.

    Return the values to take from the source, and the conflicts: fields that both changed to
    different values. The editor's values are kept.
    """
    take: dict[str, Any] = {}
    conflicts: list[Conflict] = []
    for name in changed_fields(before, source):
        if alike(editor[name], before[name]):
            take[name] = source[name]
        elif not alike(editor[name], source[name]):
            conflicts.append(Conflict(name, before[name], source[name], editor[name]))
    return take, conflicts


STATE_LOADED: Final = (
    "topic_links__topic",
    "images",
    "related_links__target__former_addresses",
)
"""What ``prefetch_related`` must load for ``of_article``, besides
``select_related("provider")``."""

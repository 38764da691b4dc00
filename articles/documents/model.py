"""The contents of a document as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

from articles.documents.addresses import address_key
from articles.documents.problems import DocumentWarning
from articles.documents.yaml_text import Extra

_Class = TypeVar("_Class")


def _domain_key(domain: str) -> str:
    """Return a provider's domain in lower case and without ``www.``."""
    return domain.lower().removeprefix("www.")


def _computed() -> Any:
    """Return a field that is computed once, because an import reads it many times."""
    return field(init=False, compare=False, repr=False)


def _set_address(one: RelatedEntry | ArticleDocument) -> None:
    url = one.web_url or one.original_url or ""
    object.__setattr__(one, "url", url)
    object.__setattr__(one, "key", address_key(url))


def _pickled_as_values(cls: type[_Class]) -> type[_Class]:
    """Pickle a dataclass as a call with its values, in half the time that frozen dataclasses take.

    An import receives its parsed documents from another process.
    """
    values = attrgetter(*(one.name for one in fields(cls) if one.init))  # type: ignore[arg-type]

    def reduce(self: _Class) -> tuple[type[_Class], Any]:
        return cls, values(self)

    cls.__reduce__ = reduce  # type: ignore[assignment, method-assign]
    return cls


@_pickled_as_values
@dataclass(frozen=True, slots=True)
class DocumentImage:
    """An image that a document names by URL; sizes are in pixels."""

    url: str
    width: int | None = None
    height: int | None = None
    title: str | None = None
    attribution: str | None = None
    is_cached: bool | None = None
    extra: Mapping[str, Extra] = field(default_factory=dict)


@_pickled_as_values
@dataclass(frozen=True, slots=True)
class DocumentProvider:
    """The provider that a document names; ``images`` are its logos.

    ``key`` is the domain in its row.
    """

    name: str
    domain: str
    images: tuple[DocumentImage, ...] = ()
    extra: Mapping[str, Extra] = field(default_factory=dict)
    key: str = _computed()

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", _domain_key(self.domain))


@_pickled_as_values
@dataclass(frozen=True, slots=True)
class RelatedEntry:
    """Another report of the same event, as a document describes it.

    ``url`` is the URL of the article that it names, and ``key`` its address key.
    """

    title: str
    published_at: datetime
    provider: DocumentProvider
    excerpt: str | None = None
    original_url: str | None = None
    web_url: str | None = None
    amp_url: str | None = None
    cdn_amp_url: str | None = None
    type: str | None = None
    quality: int | None = None
    images: tuple[DocumentImage, ...] = ()
    extra: Mapping[str, Extra] = field(default_factory=dict)
    url: str = _computed()
    key: str = _computed()

    def __post_init__(self) -> None:
        _set_address(self)


@_pickled_as_values
@dataclass(frozen=True, slots=True)
class Desk:
    """Editors' decisions about an article: the ``desk`` block, for other newsrooms.

    ``decision`` is publish, hold or withdraw, and ends at ``until``. Readers see the article
    between ``begin`` and ``end``. ``accepted`` and ``refused`` are URLs of suggested articles.
    """

    decision: str | None = None
    until: datetime | None = None
    reason: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    pinned: bool | None = None
    accepted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    extra: Mapping[str, Extra] = field(default_factory=dict)


@_pickled_as_values
@dataclass(frozen=True, slots=True)
class ArticleDocument:
    """One news document; absent optional keys are None or empty.

    Times are aware and in UTC, ``topics`` and ``related`` in document order. ``extra`` holds
    unknown keys. ``body`` is the text after the closing line, with ``\\n``; ``line_end`` is the
    line ending of the file. ``secured`` is opaque and only exported. ``warnings`` say which values
    were left out or corrected; they are ignored when two documents are compared. ``url`` is the one
    that other documents use for this article, since a video may have no web URL. ``key`` is its
    address key.
    """

    title: str
    published_at: datetime
    provider: DocumentProvider
    category: str | None = None
    excerpt: str | None = None
    updated_at: datetime | None = None
    original_url: str | None = None
    web_url: str | None = None
    amp_url: str | None = None
    cdn_amp_url: str | None = None
    type: str | None = None
    language: str | None = None
    quality: int | None = None
    heat: int | None = None
    published: bool | None = None
    featured_content: str | None = None
    topics: tuple[str, ...] = ()
    images: tuple[DocumentImage, ...] = ()
    related: tuple[RelatedEntry, ...] = ()
    desk: Desk | None = None
    secured: str | None = None
    extra: Mapping[str, Extra] = field(default_factory=dict)
    body: str = "\n"
    line_end: str = "\n"
    warnings: tuple[DocumentWarning, ...] = field(default=(), compare=False, repr=False)
    url: str = _computed()
    key: str = _computed()

    def __post_init__(self) -> None:
        _set_address(self)


@dataclass(frozen=True, slots=True)
class TopicDocument:
    """A topic file (``_data/topics/*.yaml``); ``id`` is the slug, ``parent`` a topic's name."""

    name: str
    id: str | None = None
    short_name: str | None = None
    parent: str | None = None
    keywords: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    extra: Mapping[str, Extra] = field(default_factory=dict)
    warnings: tuple[DocumentWarning, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ProviderDocument:
    """A provider file (``_data/organizations/*.md``); ``images`` are logos; URLs may be local."""

    name: str
    domain: str
    description: str | None = None
    images: tuple[DocumentImage, ...] = ()
    extra: Mapping[str, Extra] = field(default_factory=dict)
    warnings: tuple[DocumentWarning, ...] = field(default=(), compare=False, repr=False)

    @property
    def key(self) -> str:
        """The domain in its row."""
        return _domain_key(self.domain)

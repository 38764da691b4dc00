"""The rows of a document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from django.conf import settings

from articles.documents import ArticleDocument, RelatedEntry
from articles.documents.marks import IMAGE_FIELDS, TEXTS, image_state, texts_of, topic_keys
from articles.importing.files import FoundFile
from articles.importing.identity import Row
from articles.importing.snapshot import language_of
from articles.models import (
    Article,
    ArticleTopic,
    Image,
    ImageFetch,
    ImportRun,
    SourceDocument,
    Topic,
    Unsuggested,
)
from articles.scoring import Policy, top_rank
from articles.search.index import filed_under
from newsroom import bulk
from providers.models import Provider

_CONTENT: Final = (
    *TEXTS,
    "type",
    "published_at",
    "updated_at",
    "locale",
    "quality",
    "heat",
    "published",
    "heat_is_given",
    "top_rank",
    "provider_id",
    "changed_at",
)
# Set in new rows only.
_FRESH: Final[dict[str, Any]] = {
    "is_pinned": False,
    "decision": "",
    "decision_reason": "",
    "decision_until": None,
    "decided_by_id": None,
    "decided_at": None,
    "publish_from": None,
    "publish_until": None,
    "version": 1,
}
_ARTICLE: Final = (
    "id",
    "slug",
    "first_slug",
    "stem",
    "address_key",
    "coverage_only",
    "created_at",
    "filed_under",
    *_CONTENT,
    *_FRESH,
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document to import: its file, digest, bytes and contents. It requests the slug ``stem``.

    ``mark`` is what ``documents.marks.mark_of`` returns.
    """

    file: FoundFile
    digest: str
    data: bytes
    document: ArticleDocument
    stem: str
    mark: str | None


Pair = tuple[Row, Incoming]
StubPair = tuple[Row, RelatedEntry]


def score_columns(document: ArticleDocument, policy: Policy) -> dict[str, Any]:
    """Return the columns of the score that a document gives.

    With a quality but no heat, the quality is used as heat until the policy is applied. With
    a heat but no ``published``, the threshold of the policy decides.
    """
    quality, heat, published = document.quality, document.heat, document.published
    given = heat is not None
    if heat is None:
        heat, published = quality, False
    elif published is None:
        published = heat >= policy.threshold
    return {
        "quality": quality,
        "heat": heat,
        "published": bool(published),
        "heat_is_given": given,
        "top_rank": top_rank(heat, document.published_at),
    }


def content_columns(document: ArticleDocument) -> dict[str, Any]:
    """Return the columns that a document fills, without its score and provider."""
    columns: dict[str, Any] = dict(
        zip(TEXTS, (text or "" for text in texts_of(document)), strict=True)
    )
    columns["type"] = document.type or Article.Type.ARTICLE.value
    columns["published_at"] = document.published_at
    columns["updated_at"] = document.updated_at
    columns["locale"] = language_of(document)
    return columns


def _contents(
    pairs: Iterable[Pair],
    stubs: Iterable[StubPair],
    providers: Mapping[str, int],
    policy: Policy,
) -> Iterator[tuple[Row, ArticleDocument | None, tuple[Any, ...]]]:
    """Yield row, document and values of all but the last of _CONTENT, for documents and entries.

    An entry provides a quality for ranking, but no heat.
    """
    for row, incoming in pairs:
        document = incoming.document
        contents = content_columns(document).values()
        scored = score_columns(document, policy).values()
        yield row, document, (*contents, *scored, providers[document.provider.key])
    for row, entry in stubs:
        texts = (getattr(entry, name, None) or "" for name in TEXTS)
        kind = entry.type or Article.Type.ARTICLE.value
        score = (entry.quality, None, False, False, 0.0)
        provider_id = providers[entry.provider.key]
        times_and_locale = (entry.published_at, None, settings.LANGUAGE_CODE)
        yield row, None, (*texts, kind, *times_and_locale, *score, provider_id)


def insert_articles(
    fresh: Iterable[Pair],
    stubs: Iterable[StubPair],
    providers: Mapping[str, int],
    topics: Mapping[str, int],
    at: datetime,
    policy: Policy,
    decided: Mapping[int, Mapping[str, Any]] = MappingProxyType({}),
) -> None:
    """Insert new articles and new coverage-only ones. Needs two more queries, for names.

    ``decided`` are the columns that documents decide for editors, by primary key.
    """
    fixed = tuple(_FRESH.values())
    file = _filing(providers, topics)
    written: list[int] = []

    def rows() -> Iterator[tuple[Any, ...]]:
        for row, document, values in _contents(fresh, stubs, providers, policy):
            under = file(values, document)
            names = (row.slug, row.slug, row.stem, row.key)
            one = (row.pk, *names, document is None, at, under, *values, at, *fixed)
            written.append(row.pk)
            yield _decided(decided[row.pk], _ARTICLE, one) if row.pk in decided else one

    bulk.insert(Article, _ARTICLE, rows())
    Unsuggested.objects.add(written, are_new=True)


def _filing(
    providers: Mapping[str, int], topics: Mapping[str, int]
) -> Callable[[tuple[Any, ...], ArticleDocument | None], str]:
    """Return a function from the values and document of an article to its ``filed_under``.

    Triggers would fill this in, but would write each article twice. Two queries, for names.
    """
    provider_names = _names(Provider, providers)
    topic_names = _names(Topic, topics)

    def file(values: tuple[Any, ...], document: ArticleDocument | None) -> str:
        provider_id = values[-1]
        keys = topic_keys(document) if document else ()
        about = [(topics[key], topic_names[topics[key]]) for key in keys]
        return filed_under((provider_id, provider_names[provider_id]), about)

    return file


def _names(model: type[Provider] | type[Topic], keys: Mapping[str, int]) -> dict[int, str]:
    named = model._default_manager.filter(pk__in=keys.values())
    return {pk: words or "" for pk, words in named.values_list("pk", "name_words")}


def fill_articles(
    pairs: Sequence[Pair],
    stubs: Sequence[StubPair],
    providers: Mapping[str, int],
    topics: Mapping[str, int],
    at: datetime,
    policy: Policy,
    decided: Mapping[int, Mapping[str, Any]],
) -> None:
    """Write documents into coverage-only articles, and newer entries into the remaining ones."""
    if not pairs and not stubs:
        return
    file = _filing(providers, topics)
    names = ("slug", "stem", "coverage_only", "filed_under", *_CONTENT)

    def rows() -> Iterator[tuple[Any, ...]]:
        for row, document, values in _contents(pairs, stubs, providers, policy):
            one = (row.slug, row.stem, document is None, file(values, document), *values, at)
            yield (*_decided(decided.get(row.pk, {}), names, one), row.pk)

    bulk.update(Article, names, rows())
    Unsuggested.objects.add(row.pk for row, _ in (*pairs, *stubs))


def _decided(
    columns: Mapping[str, Any], names: Sequence[str], values: Sequence[Any]
) -> tuple[Any, ...]:
    """Return the values of a row with those of the given columns replaced."""
    return tuple(columns.get(name, value) for name, value in zip(names, values, strict=True))


def insert_topics(pairs: Iterable[Pair], topics: Mapping[str, int]) -> None:
    rows = (
        (row.pk, topics[key], position, row.published_at)
        for row, incoming in pairs
        for position, key in enumerate(topic_keys(incoming.document))
    )
    bulk.insert(ArticleTopic, ("article_id", "topic_id", "position", "published_at"), rows)


def insert_images(owners: Iterable[tuple[Row, ArticleDocument | RelatedEntry]]) -> None:
    """Insert the images of articles; images that are already stored are shown immediately.

    Needs one more query, for the stored copies.
    """
    found = [
        (row.pk, position, image)
        for row, owner in owners
        for position, image in enumerate(owner.images)
    ]
    kept = ImageFetch.objects.kept(image.url for _, _, image in found)
    rows = ((pk, place, *image_state(image), kept.get(image.url)) for pk, place, image in found)
    bulk.insert(Image, ("article_id", "position", *IMAGE_FIELDS, "stored_id"), rows)


_SOURCE: Final = (
    *("path", "digest", "line_ends", "text", "run_id", "mark"),
    *("exported_digest", "exported_text", "article_version", "article_id"),
)


def _source_values(row: Row, incoming: Incoming, run: ImportRun) -> tuple[Any, ...]:
    return (
        incoming.file.name,
        incoming.digest,
        "crlf" if incoming.document.line_end == "\r\n" else "lf",
        incoming.data.decode(),
        run.pk,
        incoming.mark,
        None,
        None,
        row.version,
        row.pk,
    )


def insert_sources(pairs: Iterable[Pair], run: ImportRun) -> None:
    """Insert the documents of the articles that they create."""
    rows = ((*_source_values(*pair, run), run.pk) for pair in pairs)
    bulk.insert(SourceDocument, (*_SOURCE, "created_by_id"), rows)


def update_sources(pairs: Sequence[Pair], run: ImportRun) -> None:
    """Replace the documents of articles; insert them for articles that were created by hand."""
    of_articles = SourceDocument.objects.filter(article__in=[row.pk for row, _ in pairs])
    ids = dict(of_articles.values_list("article_id", "pk"))
    known = ((*_source_values(*pair, run), ids[pair[0].pk]) for pair in pairs if pair[0].pk in ids)
    bulk.update(SourceDocument, _SOURCE, known)
    new = (_source_values(*pair, run) for pair in pairs if pair[0].pk not in ids)
    bulk.insert(SourceDocument, _SOURCE, new)

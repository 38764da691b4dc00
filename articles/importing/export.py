"""Export articles as documents: the imported documents with all later changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from articles import documents, heat
from articles.documents import (
    ArticleDocument,
    DocumentImage,
    DocumentProvider,
    RelatedEntry,
    topic_key,
)
from articles.documents.marks import image_state, mark_of, related_keys
from articles.importing import decisions, snapshot, untouched, verdicts
from articles.importing.exported import Entry, Folder, Outcome
from articles.models import Article, SourceDocument
from articles.scoring import Policy
from newsroom import bulk, database_clock
from providers.models import Provider

CHUNK: Final = 500
"""How many articles to load at a time; limits the memory of an export."""
_LOADED: Final = (
    *snapshot.STATE_LOADED,
    "related_links__target__provider",
    "related_links__target__images",
)


class Exported(NamedTuple):
    """The current document of an article.

    ``source`` is the digest of the imported document, ``digest`` that of ``data``.
    """

    name: str
    data: bytes
    digest: str
    source: str

    @property
    def is_revised(self) -> bool:
        """Whether it differs from the imported document."""
        return self.digest != self.source


def export(
    articles: QuerySet[Article],
    folder: Path,
    *,
    plain: bool = False,
    is_partial: bool = False,
    outcome: Outcome | None = None,
) -> Generator[tuple[str, bool], None, None]:
    """Write one file, ``<slug>.md``, for each of ``articles`` that has a document.

    Yield each file name, and whether the file differs from the imported one, by primary key. At the
    end, remove unchanged files of earlier exports that are not of ``articles``, unless ``articles``
    are only a part of those that belong in the folder. ``outcome`` says what was removed. Files are
    replaced atomically. Raises OSError.
    """
    outcome = outcome or Outcome()
    written: set[str] = set()
    with Folder(folder) as target:
        for chunk in _chunks(articles, plain=plain):
            target.announce([Entry(one.digest, one.source, one.name) for one in chunk])
            for one in chunk:
                target.write(one.name, one.data)
                yield one.name, one.is_revised
            if is_partial:
                written.update(one.name for one in chunk)
        if is_partial:
            target.keep_others(written)
        else:
            target.remove_others(lambda names: _belonging(articles, names), outcome)


def _belonging(articles: QuerySet[Article], names: Collection[str]) -> set[str]:
    slugs = [name.removesuffix(".md") for name in names]
    present = articles.filter(source_document__isnull=False, slug__any_of=slugs).order_by()
    return {f"{slug}.md" for slug in present.values_list("slug", flat=True)}


def documents_of(
    articles: QuerySet[Article], *, plain: bool = False
) -> Iterator[tuple[str, bytes, bool]]:
    """Yield file name, document, and whether it differs from the imported one, by primary key.

    Leaves out articles without a document.
    """
    for chunk in _chunks(articles, plain=plain):
        for one in chunk:
            yield one.name, one.data, one.is_revised


def _chunks(articles: QuerySet[Article], *, plain: bool) -> Iterator[list[Exported]]:
    """Yield the documents in lists of CHUNK. Untouched ones are not parsed."""
    policy, at = heat.current_policy(), database_clock.now()
    for chunk in untouched.stored(articles, policy, CHUNK):
        loaded = (
            Article.objects.select_related("provider", "source_document")
            .prefetch_related(*_LOADED)
            .in_bulk([one.article_id for one in chunk if not one.is_untouched])
        )
        shown = {pk: present(one, policy, at, plain=plain) for pk, one in loaded.items()}
        if not plain:
            shown = verdicts.written_into(shown)
        found, to_remember = [], []
        for one in chunk:
            data = one.text.encode()
            article = loaded.get(one.article_id)
            if article is None:
                found.append(Exported(f"{one.slug}.md", data, one.digest, one.digest))
                continue
            source = article.source_document
            revised = documents.revise(source.data, shown[article.pk])
            digest = source.digest if revised == source.data else sha256(revised).hexdigest()
            found.append(Exported(f"{article.slug}.md", revised, digest, source.digest))
            if not plain:
                to_remember.append((source, digest, revised))
        _remember(to_remember)
        yield found


def _remember(exported: Sequence[tuple[SourceDocument, str, bytes]]) -> None:
    """Store the documents that other newsrooms will see, and missing marks."""
    wanted: dict[int, tuple[SourceDocument, str | None, str | None, str | None]] = {}
    for source, digest, data in exported:
        if digest != source.digest and digest != source.exported_digest:
            wanted[source.pk] = (source, source.mark, digest, data.decode())
        elif source.mark is None and (mark := mark_of(source.parse())):
            wanted[source.pk] = (source, mark, source.exported_digest, source.exported_text)
    if not wanted:
        return
    with transaction.atomic():
        bulk.hold_write_lock()
        # An import may have stored newer documents in the meantime.
        digests = SourceDocument.objects.filter(pk__any_of=sorted(wanted))
        current = dict(digests.values_list("pk", "digest"))
        bulk.update(
            SourceDocument,
            ("mark", "exported_digest", "exported_text"),
            [
                (*values, pk)
                for pk, (source, *values) in wanted.items()
                if current.get(pk) == source.digest
            ],
        )


def present(
    article: Article,
    policy: Policy | None = None,
    at: datetime | None = None,
    *,
    plain: bool = False,
) -> ArticleDocument:
    """Return an article's document: the imported one with all later changes.

    ``policy`` is the one in force; it computes values that the document does not give. A ``plain``
    document has no editors' decisions. Verdicts on suggestions are those of the imported document.
    """
    at = at or database_clock.now()
    document = article.source_document.parse()
    before = snapshot.of_document(document)
    now = snapshot.of_article(article, document)
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
    is_by_rule = decisions.is_over(document, at) and not article.heat_is_given
    if is_by_rule and not changes and not article.decision:
        # An import of the document applies the rule itself.
        score = {}
    elif decided["decision"] == was_decided["decision"]:
        score = _score(article, document, policy or heat.current_policy(), at)
    else:
        score = {"heat": article.heat, "published": article.published}
    if article.quality is None:
        score = {"heat": None, "published": None}
    return replace(document, **changes, **score)


def _score(
    article: Article, document: ArticleDocument, policy: Policy, at: datetime
) -> dict[str, Any]:
    """Return heat and published if the document must change, under the same decision."""
    if article.quality == document.quality and document.heat is None:
        # The document leaves its score to the policy.
        return {}
    if article.heat_is_given and not article.decision and document.published is not None:
        # Its heat differs only while its lead is out of sight (``heat.follow_sight``).
        return {}
    published = document.published
    if decisions.is_over(document, at) or published is None:
        # Only the heat shows what applies without the decision.
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
        replace(DocumentImage(*image_state(image)), extra=known.get(image.url, {}))
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
    article: Article, document: ArticleDocument, keys: Sequence[str]
) -> tuple[RelatedEntry, ...]:
    """Keep the document's entries for articles that are still related, and add new ones."""
    named = set(related_keys(document))
    linked = [link.target for link in article.related_links.all()]
    targets = {snapshot.key_of(target, named): target for target in linked}
    own = document.key
    kept = [entry for entry in document.related if entry.key in targets or entry.key == own]
    known = {entry.key: entry for entry in reversed(kept)}
    added = [_entry(targets[key]) for key in keys if key not in known]
    # Entries without a link (with the document's own address, or repeated) stay where they are if
    # the others keep their order.
    together = (*kept, *added)
    if list(dict.fromkeys(entry.key for entry in together if entry.key != own)) == list(keys):
        return together
    return tuple(known.get(key) or _entry(targets[key]) for key in keys)


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
        images=tuple(DocumentImage(*image_state(image)) for image in target.images.all()),
    )

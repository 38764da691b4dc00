"""Resolving conflicts between an editor's changes and a newer document.

The same document does not cause a resolved conflict again. If the editor takes the source's value,
the article and the document agree again. If the editor's value is kept, the next import compares
with the document that the editor saw and reports only later changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from articles import roles
from articles.addresses import at_addresses
from articles.documents import MAX_QUALITY, address_key
from articles.documents.marks import IMAGE_FIELDS, TEXTS
from articles.importing import decisions
from articles.importing.coverage import store_coverage
from articles.models import Act, Article, ImportConflict, Related, SourceDocument, Topic
from articles.newsdesk.changes import Change, RefusedError, together
from articles.newsdesk.verbs import DECIDED_BY
from newsroom import bulk, database_clock
from newsroom.web_url import is_web_url
from providers.models import Provider


class Choice(StrEnum):
    """Whose value to keep."""

    SOURCE = "source"
    EDITOR = "editor"


Choices = Sequence[tuple[ImportConflict, Choice]]


def resolve(choices: Choices) -> Change:
    """Return the change that resolves open conflicts; ``conflict.article`` is the article as the
    editor saw it.

    If a source links to reports that have no article, call ``name_coverage`` first. Raise
    ``RefusedError`` if a value cannot be taken.
    """
    changes = []
    for conflict, choice in choices:
        article = conflict.article
        if conflict.resolved_at is not None:
            raise RefusedError(f"{conflict.field} of {article.slug} was resolved already.")
        change = Change(
            Act.Verb.RESOLVE,
            frozenset({roles.RESOLVE}),
            {article.pk: article.version},
            # The decision is about this article even if no value changes.
            {article.pk: {}},
            resolves=frozenset({conflict.pk}),
        )
        if choice is Choice.SOURCE:
            change = replace(change, **_taken(article, conflict.field, conflict.source))
        changes.append(change)
    if not changes:
        raise RefusedError("Choose a value for at least one field.")
    change = together(changes)
    _require_sound(change, {conflict.article.pk: conflict.article for conflict, _ in choices})
    return change


def name_coverage(choices: Choices, at: datetime | None = None) -> None:
    """Store the coverage-only articles that a chosen list of links needs.

    Call this in the transaction that makes the decision, or in one that is rolled back after a
    preview.
    """
    taken = [
        conflict.article.pk
        for conflict, choice in choices
        if choice is Choice.SOURCE and conflict.field == "related"
    ]
    if not taken:
        return
    bulk.hold_write_lock()
    sources = SourceDocument.objects.filter(article__in=taken).select_related("article")
    for source in sources.order_by("pk"):
        store_coverage(source, at or database_clock.now())


def _taken(article: Article, field: str, value: Any) -> dict[str, Any]:
    """Return the source's value as arguments for ``Change``."""
    if field not in _TAKERS:
        raise RefusedError(f"{field} of {article.slug}: this field cannot be taken from a source.")
    return _TAKERS[field](article, field, value)


def _column(article: Article, name: str, value: Any) -> dict[str, Any]:
    return {"columns": {article.pk: {name: value}}}


def _take_text(article: Article, field: str, value: Any) -> dict[str, Any]:
    text = str(value or "")
    if field.endswith("_url") and text and not is_web_url(text):
        raise RefusedError(f"{field} of {article.slug}: {text} is not a web URL.")
    return _column(article, field, text)


def _take_moment(article: Article, field: str, value: Any) -> dict[str, Any]:
    # The rank on the front page changes with the heat; see heat.columns().
    moment = datetime.fromisoformat(value) if value else None
    if moment is None and field == "published_at":
        raise RefusedError(f"{article.slug}: an article needs a time.")
    return _column(article, field, moment)


def _take_type(article: Article, field: str, value: Any) -> dict[str, Any]:
    if value not in Article.Type.values:
        raise RefusedError(f"{article.slug}: {value} is not an article type.")
    return _column(article, field, value)


def _take_quality(article: Article, field: str, value: Any) -> dict[str, Any]:
    if value is not None and not (isinstance(value, int) and 0 <= value <= MAX_QUALITY):
        raise RefusedError(f"{article.slug}: {value} is not a valid quality.")
    return _column(article, field, value)


def _take_provider(article: Article, field: str, value: Any) -> dict[str, Any]:
    provider = Provider.objects.filter(domain=value).first()
    if provider is None:
        raise RefusedError(f"{article.slug}: the provider {value} is gone. Import it again.")
    return _column(article, "provider_id", provider.pk)


def _take_topics(article: Article, field: str, value: Any) -> dict[str, Any]:
    keys = list(value or ())
    topics = {topic.key: topic.pk for topic in Topic.objects.filter(key__in=keys)}
    if missing := [key for key in keys if key not in topics]:
        raise RefusedError(f"{article.slug}: the topic {missing[0]} is gone. Import it again.")
    return {"topics": {article.pk: [topics[key] for key in keys]}}


def _take_images(article: Article, field: str, value: Any) -> dict[str, Any]:
    images = [list(image) for image in value or ()]
    if any(len(image) != len(IMAGE_FIELDS) for image in images):
        raise RefusedError(f"{article.slug}: the images cannot be read. Import it again.")
    return {"images": {article.pk: images}}


def _take_related(article: Article, field: str, value: Any) -> dict[str, Any]:
    """Link to exactly the source's articles, in its order."""
    # Conflicts from before address keys existed have URLs.
    keys = [address_key(one) for one in value or ()]
    targets = {
        key: found[0]
        for key, found in at_addresses(keys, Article.objects.exclude(pk=article.pk)).items()
    }
    if missing := [key for key in keys if key not in targets and key != article.address_key]:
        raise RefusedError(
            f"{article.slug}: its document no longer describes {missing[0]}, and no article "
            "has that address. Import the document again, or link articles by hand."
        )
    wanted = {(article.pk, targets[key]): place for place, key in enumerate(keys) if key in targets}
    links = Related.objects.filter(article=article).values_list("target_id", "position")
    present = {(article.pk, target): place for target, place in links}
    return {
        "link": frozenset(pair for pair in wanted if present.get(pair) != wanted[pair]),
        "unlink": frozenset(pair for pair in present if wanted.get(pair) != present[pair]),
        "positions": wanted,
    }


def _take_decision(article: Article, field: str, value: Any) -> dict[str, Any]:
    """Take another newsroom's decision; needs the permission to make it and to end ours."""
    columns = decisions.columns(field, value)
    if field == "decision":
        # The note of the editor who resolves the conflict replaces it.
        del columns["decision_reason"]
        needed = {DECIDED_BY[one] for one in (article.decision, columns["decision"]) if one}
        until = columns["decision_until"]
        if until is not None and until <= database_clock.now():
            raise RefusedError(f"{article.slug}: the document's decision has ended.")
    else:
        needed = {roles.PIN if field == "pinned" else roles.SCHEDULE}
    return {
        "columns": {article.pk: columns},
        "permissions": frozenset({roles.RESOLVE, *needed}),
    }


_TAKERS: Final[Mapping[str, Callable[[Article, str, Any], dict[str, Any]]]] = {
    **dict.fromkeys(TEXTS, _take_text),
    "locale": _take_text,
    "type": _take_type,
    "published_at": _take_moment,
    "updated_at": _take_moment,
    "provider": _take_provider,
    "quality": _take_quality,
    "topics": _take_topics,
    "images": _take_images,
    "related": _take_related,
    **dict.fromkeys(decisions.COLUMNS, _take_decision),
}
"""How to apply each field of ``snapshot``."""


def _require_sound(change: Change, articles: Mapping[int, Article]) -> None:
    for pk, values in change.columns.items():
        article = articles[pk]
        web = values.get("web_url", article.web_url)
        if not (web or values.get("original_url", article.original_url)):
            raise RefusedError(
                f"{article.slug} would have no URL. Choose the same side for both URLs."
            )
        if not str(values.get("title", "x")).strip():
            raise RefusedError(f"{article.slug}: an article needs a title.")

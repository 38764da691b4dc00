"""Find the articles that still match their documents, without loading either.

An import stores a mark of each document, and an export computes the same mark from rows and
compares them. So nothing has to track changes: every difference shows in the mark. If the marks
differ, the article is compared with its document exactly, so a mark may be missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db.models import BooleanField, ExpressionWrapper, Model, Q, QuerySet

from articles.documents.marks import ABSENT, IMAGE_FIELDS, TEXTS, digest_of
from articles.importing.verdicts import articles_with_verdicts
from articles.models import Article, ArticleTopic, Image, Related
from articles.scoring import Policy

_VALUES: Final = (*TEXTS, "type", "published_at", "updated_at", "provider__domain", "quality")
_STANDING: Final = ("locale", "heat", "published")
_UNDECIDED: Final = ExpressionWrapper(
    Q(decision="", is_pinned=False, publish_from=None, publish_until=None), BooleanField()
)
_SOURCE: Final = ("pk", "digest", "text", "mark", "exported_digest")
_COLUMNS: Final = (
    *("pk", "slug"),
    *(f"source_document__{name}" for name in _SOURCE),
    *_STANDING,
    *_VALUES,
    "address_key",
)
_LENGTHS: Final = (2, 2 + len(_SOURCE), 2 + len(_SOURCE) + len(_STANDING), -2)


class Stored(NamedTuple):
    """An article's stored document. ``is_untouched`` is false if it may have to change."""

    article_id: int
    slug: str
    source_id: int
    digest: str
    text: str
    mark: str | None
    exported_digest: str | None
    is_untouched: bool


def stored(articles: QuerySet[Article], policy: Policy, size: int) -> Iterator[list[Stored]]:
    """Yield the stored documents of articles in lists of ``size``, by primary key.

    Articles without a document are left out. Five queries for each list.
    """
    columns = articles.order_by("pk").values_list(*_COLUMNS, _UNDECIDED)
    last = 0
    # The condition is on both tables; otherwise PostgreSQL would read one from its start.
    while rows := list(columns.filter(pk__gt=last, source_document__article__gt=last)[:size]):
        last = rows[-1][0]
        yield list(_compared(rows, policy))


def _compared(rows: Sequence[Sequence[Any]], policy: Policy) -> Iterator[Stored]:
    ids = [row[0] for row in rows]
    decided = articles_with_verdicts(ids)
    topics = _listed(ArticleTopic, ids, "topic__key")
    images = _listed(Image, ids, *IMAGE_FIELDS)
    keys = _listed(Related, ids, "target__address_key")
    first, second, third, fourth = _LENGTHS
    for row in rows:
        pk, source = row[0], row[first:second]
        *_, own_key, is_undecided = row
        mark, is_untouched = source[3], False
        if mark is not None and is_undecided and pk not in decided:
            digest, *given = mark.split(" ")
            is_untouched = _is_given(given, row[second:third], policy) and digest == digest_of(
                row[third:fourth],
                [key for (key,) in topics.get(pk, ())],
                images.get(pk, ()),
                [key for (key,) in keys.get(pk, ()) if key != own_key],
            )
        yield Stored._make((pk, row[1], *source, is_untouched))


def _is_given(given: Sequence[str], standing: Sequence[Any], policy: Policy) -> bool:
    """Return whether language, heat and published follow from those that a document gives."""
    language, heat, published = given
    locale, article_heat, article_published = standing
    if locale != (settings.LANGUAGE_CODE if language == ABSENT else language):
        return False
    if heat == ABSENT:
        # The document leaves its score to the policy.
        return True
    if heat != str(article_heat):
        return False
    if published == ABSENT:
        return bool(article_published == (article_heat >= policy.threshold))
    return published == str(article_published)


def _listed(model: type[Model], ids: Sequence[int], *columns: str) -> dict[int, list[Any]]:
    """Return the values of articles' parts in order, by article. ``ids`` are ascending."""
    # Reading one range of the index is faster than many look-ups, unless most rows are not needed.
    is_dense = ids[-1] - ids[0] < 4 * len(ids)
    of = Q(article__gte=ids[0], article__lte=ids[-1]) if is_dense else Q(article__any_of=ids)
    found: dict[int, list[Any]] = defaultdict(list)
    parts = model._default_manager.filter(of).order_by("article_id", "position")
    for article_id, *values in parts.values_list("article_id", *columns):
        found[article_id].append(values)
    return found

"""Groups of articles with the same address, and near-duplicates. Editors keep one of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from django.db.models import F, OuterRef

from articles import suggestions
from articles.models import Article, ArticleQuerySet, Pair
from articles.models.pair import PairQuerySet
from articles.newsdesk.changes import Change, together
from articles.newsdesk.verbs import hold
from articles.suggestions import Suggestion

MOST_AT_ONCE: Final = 50
"""The most articles of a group that are shown and resolved at once."""

_OUT: Final = (Article.Decision.HOLD, Article.Decision.WITHDRAW)


def candidates() -> ArticleQuerySet:
    """Return the articles that may be duplicates: those with a document, not held or withdrawn."""
    return Article.objects.filter(coverage_only=False).exclude(decision__in=_OUT)


def groups_of(articles: Iterable[Article]) -> dict[int, list[Article]]:
    """Return the newest candidates with the same address as each article, by its id. One query."""
    keys = {article.pk: article.address_key for article in articles}
    same = candidates().filter(address_key__any_of=sorted({*keys.values()})).newest_first()
    groups: dict[str, list[Article]] = defaultdict(list)
    for one in same.select_related("provider").defer("body", "featured_content"):
        if len(groups[one.address_key]) < MOST_AT_ONCE:
            groups[one.address_key].append(one)
    return {pk: groups[key] for pk, key in keys.items()}


def near_duplicates() -> PairQuerySet:
    """Return the open pairs of near-duplicates in which the second one is ``OuterRef("pk")``.

    Left out are linked articles, which are gathered already, and those with the same address.
    """
    pairs = Pair.objects.open().unlinked().filter(kind=Pair.Kind.DUPLICATE)
    return (
        pairs.filter(second=OuterRef("pk"))
        .exclude(first__decision__in=_OUT)
        .exclude(first__address_key=F("second__address_key"))
    )


def near_duplicates_of(articles: Iterable[Article]) -> dict[int, list[Suggestion]]:
    """Return the older near-duplicates of each article, by its id. Two queries, or none."""
    by_id = {article.pk: article for article in articles}
    found = suggestions.open_with_older(
        by_id.values(), Pair.Kind.DUPLICATE, least=0, limit=MOST_AT_ONCE
    )
    return {
        pk: [
            one
            for one in some
            if one.other.decision not in _OUT and one.other.address_key != by_id[pk].address_key
        ]
        for pk, some in found.items()
    }


def keep(article: Article, others: Sequence[Article]) -> Change:
    """Hold the ``others`` of a group in one decision, and keep ``article``."""
    change = together(hold(other) for other in others)
    return replace(change, seen={**change.seen, article.pk: article.version})

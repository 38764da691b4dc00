"""Read the suggestions for articles."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from articles.models import Article, Pair
from articles.suggestions.sentences import sentences

SHOWN: Final = 0.5
"""The least score to show editors. Few pairs that score less are links (docs/suggestions.md)."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another article to join with, and why."""

    other: Article
    pair: Pair
    why: list[str]


def for_article(
    article: Article,
    *,
    limit: int = 5,
    kind: Pair.Kind = Pair.Kind.EVENT,
    least: float = SHOWN,
    include_linked: bool = False,
    include_refused: bool = False,
) -> list[Suggestion]:
    """Return the suggestions for an article, best first. Two queries.

    Left out are those that score less than ``least``, and unless they are included, refused ones and
    articles that are linked already.
    """
    found = for_articles(
        [article],
        limit=limit,
        kind=kind,
        least=least,
        include_linked=include_linked,
        include_refused=include_refused,
    )
    return found[article.pk]


def for_articles(
    articles: Iterable[Article],
    *,
    limit: int = 5,
    kind: Pair.Kind = Pair.Kind.EVENT,
    least: float = SHOWN,
    include_linked: bool = False,
    include_refused: bool = False,
) -> dict[int, list[Suggestion]]:
    """Return the suggestions for each article of a list by its primary key. Two queries."""
    keys = [article.pk for article in articles]
    pairs = Pair.objects.of(keys).filter(kind=kind, score__gte=least)
    if not include_refused:
        pairs = pairs.exclude(verdict=Pair.Verdict.REFUSED)
    if not include_linked:
        pairs = pairs.unlinked()
    of_each: dict[int, list[Pair]] = {pk: [] for pk in keys}
    for pair in pairs.order_by("-score", "-pk"):
        for pk in (pair.first_id, pair.second_id):
            if pk in of_each and len(of_each[pk]) < limit:
                of_each[pk].append(pair)
    others = _others({pair.other_than(pk) for pk, some in of_each.items() for pair in some})
    return {
        pk: [
            Suggestion(others[other], pair, sentences(pair.reasons))
            for pair in some
            if (other := pair.other_than(pk)) in others
        ]
        for pk, some in of_each.items()
    }


def open_with_older(
    articles: Iterable[Article], kind: Pair.Kind, *, least: float, limit: int
) -> dict[int, list[Suggestion]]:
    """Return the undecided suggestions for each article whose other article was stored earlier.

    So each pair is listed once, at the article that came later. Two queries, or none.
    """
    found = for_articles(articles, kind=kind, least=least, limit=limit)
    return {
        pk: [
            one
            for one in some
            if one.pair.second_id == pk and one.pair.verdict == Pair.Verdict.NONE
        ]
        for pk, some in found.items()
    }


_SHOWN_OF_OTHERS: Final = (
    "version",
    "address_key",
    "coverage_only",
    "quality",
    "heat",
    "published",
    "decision",
    "decision_until",
    "publish_from",
    "publish_until",
    "standing",
)


def _others(keys: Collection[int]) -> dict[int, Article]:
    if not keys:
        return {}
    found = Article.objects.filter(pk__any_of=keys).for_mention(*_SHOWN_OF_OTHERS)
    return {article.pk: article for article in found.order_by()}

"""Published articles that likely report the same event as another one, but are not linked with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef

from articles import suggestions
from articles.models import Article, ArticleQuerySet, Pair
from articles.suggestions import Suggestion

LEAST: Final = 2.0
"""The least score of a pair: most that score more report the same event (docs/suggestions.md)."""
_MOST: Final = 24
"""The most pairs of an article: twelve earlier and twelve later ones are stored."""


def published() -> ArticleQuerySet:
    """Return the articles that the rule or an editor published."""
    return Article.objects.filter(published=True)


def ungathered(since: datetime) -> ArticleQuerySet:
    """Return the articles published after ``since`` that are in a likely pair with an older one.

    Older means stored before, so that each pair is listed once.
    """
    pairs = Pair.objects.open().unlinked().filter(kind=Pair.Kind.EVENT, score__gte=LEAST)
    older = pairs.filter(second=OuterRef("pk"), first__published=True)
    return published().filter(Exists(older), published_at__gte=since)


def older_of(articles: Iterable[Article]) -> dict[int, list[Suggestion]]:
    """Return the likely pairs of each article with older ones, best first. Two queries, or none."""
    found = suggestions.open_with_older(articles, Pair.Kind.EVENT, least=LEAST, limit=_MOST)
    return {pk: [one for one in some if one.other.published] for pk, some in found.items()}

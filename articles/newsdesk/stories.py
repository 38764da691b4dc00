"""The story that an article belongs to: its lead, and every report of the same event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q

from articles.models import Article, ArticleQuerySet

MOST_MEMBERS: Final = 100
"""Members that are loaded: a page that everybody links to belongs to no one story."""


@dataclass(frozen=True, slots=True)
class Story:
    """Its members by rank, best first, whatever readers see of them.

    ``is_whole`` tells whether there are no more than ``members``.
    """

    members: Sequence[Article]
    is_whole: bool

    @property
    def lead(self) -> Article:
        """The member that outranks the others."""
        return self.members[0]


def story_of(article: Article, at: datetime | None = None) -> Story:
    """Find the story of an article: what outranks it leads, and whatever that is related to belongs.

    The lead is the best of those that the article names or is named by, or the article itself. Its
    members are the article, the lead, and what the lead names or is named by. Two queries.
    """
    neighbours = _neighbours(article)
    best = neighbours.first()
    lead = best if best is not None and best.contender(at).outranks(article.contender(at)) else None
    if lead is None:
        found = {article.pk: article, **{one.pk: one for one in neighbours[: MOST_MEMBERS + 1]}}
    else:
        found = {one.pk: one for one in (lead, article, *_neighbours(lead)[: MOST_MEMBERS + 1])}
    members = sorted(found.values(), key=lambda one: _rank(one, at))
    return Story(members[:MOST_MEMBERS], len(members) <= MOST_MEMBERS)


def _neighbours(article: Article) -> ArticleQuerySet:
    return (
        Article.objects.filter(
            Q(pk__in=article.related_links.values("target"))
            | Q(pk__in=article.named_by_links.values("article"))
        )
        .select_related("provider")
        .defer("body", "featured_content")
        .by_rank()
    )


def _rank(article: Article, at: datetime | None) -> tuple[bool, bool, bool, int, datetime, str]:
    # As ArticleQuerySet.by_rank(), with what an editor took out behind the others.
    contender = article.contender(at)
    quality = contender.quality
    return (
        contender.decision.is_out,
        quality is None,
        not contender.is_pinned,
        -(quality or 0),
        contender.published_at,
        contender.slug,
    )

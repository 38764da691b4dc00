"""The story that an article belongs to: its lead, and every report of the same event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from articles.models import Article

MOST_MEMBERS: Final = 100
"""The most members that are loaded; a very large number of articles link to some pages."""


@dataclass(frozen=True, slots=True)
class Story:
    """A story with its members by rank, best first, including unpublished ones.

    ``is_whole`` is False if there are more than ``members``.
    """

    members: Sequence[Article]
    is_whole: bool

    @property
    def lead(self) -> Article:
        """The member that outranks the others."""
        return self.members[0]


def story_of(article: Article, at: datetime | None = None) -> Story:
    """Find the story of an article: the best report linked with it, and every article linked with
    that report.

    The lead is the best of the article and those linked from or to it. The members are the article,
    the lead, and the articles linked from or to the lead. Four queries at most.
    """
    mine = article.contender(at)
    beside = _beside(article)
    # Sort by rank. A report that an editor removed does not outrank any other.
    lead = next((one for one in beside if one.contender(at).outranks(mine)), article)
    if lead is not article:
        beside = _beside(lead)
    found = {one.pk: one for one in (*beside, lead, article)}
    members = sorted(found.values(), key=lambda one: one.contender(at).rank)
    return Story(members[:MOST_MEMBERS], len(members) <= MOST_MEMBERS)


def _beside(article: Article) -> list[Article]:
    """Return the best articles that link to an article or that it links to, by rank."""
    related = Article.objects.beside(article).select_related("provider")
    return list(related.defer("body", "featured_content").by_rank()[: MOST_MEMBERS + 1])

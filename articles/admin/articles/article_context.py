"""Everything that an editor needs to decide about an article."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from django.db.models import Prefetch, prefetch_related_objects

from articles import newsdesk
from articles.admin.articles.receipts import receipt_of
from articles.models import ActChange, Article, Image, ImportConflict
from articles.models.image import with_fetches
from articles.newsdesk import Verb
from articles.newsdesk.verbs import Declaration
from articles.scoring import Policy
from articles.suggestions import SuggestedQuality, suggested_quality
from providers.models import Provider

RECORD_DAYS: Final = 90
RECORD_REACH: Final = 300
"""How many of a provider's newest articles its record is based on."""
MEMBERS: Final = 12
"""How many members of the story are listed; the story page lists all of them."""
FEW: Final = 5
MOST_ACTS: Final = 10
"""How many decisions by others are listed when a decision or a save comes too late."""


def record_of(provider: Provider, at: datetime) -> str:
    """Say how many of a provider's latest articles are scored and published, and their quality."""
    articles = Article.objects.filter(
        provider=provider,
        coverage_only=False,
        published_at__gt=at - timedelta(days=RECORD_DAYS),
        published_at__lte=at,
    )
    rows = list(
        articles.order_by("-published_at").values_list("quality", "published")[:RECORD_REACH]
    )
    days = f"in the {RECORD_DAYS} days before"
    scored = [(quality, published) for quality, published in rows if quality is not None]
    if not scored:
        return f"nothing scored {days}"
    which = days if len(rows) < RECORD_REACH else f"of its latest {RECORD_REACH}"
    published = sum(published for _, published in scored)
    quality = round(median(quality for quality, _ in scored))
    return f"{published} published of {len(scored)} scored {which}, median quality {quality}"


def facts(article: Article, policy: Policy, at: datetime) -> dict[str, Any]:
    """Return everything about an article for its template. Twelve queries at most.

    Load the article with ``provider`` and ``decided_by``.
    """
    story = newsdesk.story_of(article, at)
    others = [one for one in story.members if one != article]
    same_url = Article.objects.filter(address_key=article.address_key).exclude(pk=article.pk)
    conflicts = ImportConflict.objects.filter(article=article, resolved_at=None)
    acts = ActChange.objects.filter(article=article).select_related("act__by")
    return {
        "article": article,
        "receipt": receipt_of(article, policy, at),
        "topics": [link.topic for link in article.topic_links.select_related("topic")],
        "image": image_of(article),
        "record": record_of(article.provider, at),
        "story": others[:MEMBERS],
        "whole_story": story.members,
        "more_of_story": max(len(others) - MEMBERS, 0),
        "story_is_whole": story.is_whole,
        "same_url": same_url.select_related("provider").newest_first()[:FEW],
        "conflicts": conflicts.order_by("field")[:FEW],
        "acts": acts.order_by("-pk")[:FEW],
    }


def image_of(article: Article) -> Image | None:
    """Return an article's picture and the state of its fetch; if none is stored, its first image.

    Two queries at most.
    """
    prefetch_related_objects([article], Prefetch("images", Image.objects.select_related("stored")))
    image = article.picture or article.lead_image
    with_fetches([image] if image else [])
    return image


def suggested_for(article: Article, decisions: Iterable[Declaration]) -> SuggestedQuality | None:
    """Return the suggested quality, if scoring is among the user's ``decisions``. Three queries at
    most.
    """
    if all(one.verb != Verb.SCORE for one in decisions):
        return None
    return suggested_quality([article]).get(article.pk)


def acts_since(article: Article, version: int) -> list[ActChange]:
    """Find the decisions that changed an article after a version of it, newest first.

    Imports are not included.
    """
    changes = ActChange.objects.filter(article=article, version__gt=version)
    return list(changes.select_related("act__by").order_by("-pk")[:MOST_ACTS])

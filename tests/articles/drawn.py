"""Hypothesis strategies for articles and policies, with few values so that ties occur."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from hypothesis import strategies as st

from articles.models import Article
from articles.scoring import Policy
from tests.articles.samples import NOON
from tests.factories import make_article, make_provider, relate


def _in_order(facts: dict[str, Any]) -> dict[str, Any]:
    """Drop the end of a schedule that ends before it begins."""
    begin, end = facts["publish_from"], facts["publish_until"]
    is_wrong = begin is not None and end is not None and begin >= end
    return facts | {"publish_until": None} if is_wrong else facts


Stories = tuple[list[dict[str, Any]], set[tuple[int, int]]]
HOUR: Final = timedelta(hours=1)
POLICIES: Final = st.builds(Policy, st.integers(0, 100), st.integers(0, 20), st.integers(0, 100))
STORIES: Final = st.tuples(
    st.lists(
        st.fixed_dictionaries(
            {
                "quality": st.none() | st.sampled_from([0, 49, 50, 51, 69, 70]),
                "decision": st.sampled_from(["", "", "", "publish", "hold", "withdraw"]),
                "decision_until": st.none() | st.sampled_from([NOON - HOUR, NOON, NOON + HOUR]),
                "is_pinned": st.booleans(),
                "coverage_only": st.sampled_from([False, False, True]),
                "published_at": st.sampled_from([NOON - HOUR, NOON, NOON + HOUR]),
                "publish_from": st.sampled_from([None, None, NOON, NOON + HOUR / 2]),
                "publish_until": st.sampled_from([None, None, NOON + HOUR, NOON]),
            }
        ).map(_in_order),
        min_size=1,
        max_size=8,
    ),
    st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20),
)
"""Articles, and the links between them as pairs of indexes."""


def store(stories: Stories) -> list[Article]:
    """Store the articles, with a heat of 0 for those that can have one."""
    facts, links = stories
    provider = make_provider()
    articles = [
        make_article(**one, heat=0 if _has_heat(one) else None, published=False, provider=provider)
        for one in facts
    ]
    for one, other in sorted(links):
        if one != other and max(one, other) < len(articles):
            relate(articles[one], articles[other])
    return articles


def _has_heat(facts: dict[str, Any]) -> bool:
    return facts["quality"] is not None and not facts["coverage_only"]

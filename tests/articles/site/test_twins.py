"""Queries, methods and URLs agree on which articles are public."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from articles.models import Article
from articles.scoring import SUPERSEDED_HEAT
from tests.articles.site.public_pages import answer
from tests.articles.states import HOUR
from tests.factories import make_article, make_provider, make_superseded, relate

pytestmark = pytest.mark.django_db

# Most articles have no schedule and no decision; otherwise few stories would be left to test.
MOMENTS: Final = st.sampled_from([None, None, None, None, None, -HOUR, HOUR])
ARTICLES: Final = st.fixed_dictionaries(
    {
        "quality": st.sampled_from([None, 40, 40, 50, 50, 50]),
        "is_superseded": st.sampled_from([True, True, False]),
        "published": st.booleans(),
        "decision": st.sampled_from(["", "", "", "", "", "publish", "hold", "withdraw"]),
        "is_pinned": st.booleans(),
        "coverage_only": st.sampled_from([False, False, False, False, False, True]),
        "age": st.sampled_from([1, 1, 2, 2, -1]),
        "publish_from": MOMENTS,
        "publish_until": MOMENTS,
    }
)
SUPERSEDED_ONES: Final = st.fixed_dictionaries(
    {
        "quality": st.sampled_from([40, 50]),
        "is_superseded": st.just(True),
        "published": st.just(False),
        "decision": st.just(""),
        "is_pinned": st.booleans(),
        "coverage_only": st.just(False),
        "age": st.sampled_from([1, 2]),
        "publish_from": st.just(None),
        "publish_until": st.just(None),
    }
)
NEWSROOMS: Final = st.tuples(
    st.lists(SUPERSEDED_ONES, min_size=1, max_size=2),
    st.lists(ARTICLES, min_size=1, max_size=3),
    st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12),
).map(
    # The superseded ones link to all others, which may have any state.
    lambda drawn: (
        [*drawn[0], *drawn[1]],
        drawn[2] | {(one, other) for one in range(len(drawn[0])) for other in range(5)},
    )
)


def store(newsroom: tuple[list[dict[str, Any]], set[tuple[int, int]]]) -> list[Article]:
    """Store the drawn rows that the database's constraints allow."""
    facts, links = newsroom
    now, provider = timezone.now(), make_provider()
    articles = [make_article(**_sound(one, now), provider=provider) for one in facts]
    for one, other in sorted(links):
        if one != other and max(one, other) < len(articles):
            relate(articles[one], articles[other])
    return articles


def _sound(drawn: dict[str, Any], now: Any) -> dict[str, Any]:
    values = dict(drawn)
    is_superseded = values.pop("is_superseded")
    has_heat = values["quality"] is not None and not values["coverage_only"]
    is_out = values["coverage_only"] or values["decision"] in {"hold", "withdraw"}
    values["heat"] = (SUPERSEDED_HEAT if is_superseded else 80) if has_heat else None
    values["published"] &= not is_out
    values["published_at"] = now - timedelta(days=values.pop("age"))
    begin, end = values["publish_from"], values["publish_until"]
    if begin is not None and end is not None and begin >= end:
        end = None
    values["publish_from"] = begin and now + begin
    values["publish_until"] = end and now + end
    return values


class TestTwins:
    """Querysets, methods and pages agree about every article."""

    @given(newsroom=NEWSROOMS)
    @settings(max_examples=60)
    def test_agree(self, newsroom: Any) -> None:
        client = Client()
        with transaction.atomic():
            articles = store(newsroom)
            now = timezone.now()
            published = set(Article.objects.published(now))
            listed = {one.pk: one for one in Article.objects.reachable(now).for_list()}
            for article in articles:
                lead = article.lead(now)
                status, _, headers, _body = answer(client, article.get_absolute_url())
                assert article.is_published(now) is (article in published) is (status == 200)
                assert (article.pk in listed) is (status in {200, 302})
                if status == 302:
                    assert lead is not None
                    assert headers["Location"] == lead.get_absolute_url()
                    assert listed[article.pk].shown_under == lead
                    assert Article.objects.lead_of(article.slug, now) == lead
                elif status == 200:
                    assert listed[article.pk].shown_under is None
            transaction.set_rollback(True)

    def test_reachable_at_another_moment(self) -> None:
        now = timezone.now()
        lead = make_article(publish_from=now, publish_until=now + HOUR)
        article = make_superseded(lead, publish_until=now + 2 * HOUR)
        found = {hours: set(Article.objects.reachable(now + hours * HOUR)) for hours in (-1, 0, 1)}
        assert found == {-1: set(), 0: {lead, article}, 1: set()}

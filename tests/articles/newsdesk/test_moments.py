"""Stories are computed again when articles come into sight or go out of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from articles import heat
from articles.models import Article, Clock
from articles.newsdesk import moments
from articles.scoring import DEFAULT_POLICY
from tests.articles.drawn import STORIES, Stories, store
from tests.articles.samples import NOON
from tests.factories import make_article, make_superseded, relate

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)

# The time of a lead: until when it is hidden, or from when on.
HIDDEN_BEFORE: dict[str, dict[str, Any]] = {
    "embargo": {"publish_from": NOON},
    "date": {"published_at": NOON + timedelta(minutes=15)},
    "hold": {"decision": "hold", "decision_until": NOON},
}


def make_story(**lead: Any) -> tuple[Article, Article, Article]:
    """Return a lead, the next best report, and a coverage-only article of both, scored at 11:00."""
    values: dict[str, Any] = {"quality": 90, "published_at": NOON - 9 * HOUR} | lead
    best = make_article(slug="best", **values)
    other = make_article(slug="other", quality=60, published_at=NOON - 8 * HOUR)
    stub = make_article(coverage_only=True, quality=None, published_at=NOON - 8 * HOUR)
    relate(best, other, stub)
    relate(other, best, stub)
    heat.recompute([best.pk, other.pk], at=NOON - HOUR)
    moments.catch_up(NOON - HOUR)
    return best, other, stub


def scores() -> dict[str, int | None]:
    return dict(Article.objects.filter(coverage_only=False).values_list("slug", "heat"))


def seen(at: Any) -> set[str]:
    return set(Article.objects.published(at).values_list("slug", flat=True))


class TestCatchUp:
    @pytest.mark.parametrize("lead", HIDDEN_BEFORE.values(), ids=HIDDEN_BEFORE)
    def test_until_its_moment_the_next_best_leads(self, lead: dict[str, Any]) -> None:
        make_story(**lead)
        assert scores() == {"best": 110, "other": 70}
        assert seen(NOON - TICK) == {"other"}

        assert not moments.is_due(NOON - TICK)
        assert moments.is_due(NOON)
        assert sorted(moments.catch_up(NOON)) == ["best", "other"][lead.get("decision") is None :]
        assert scores() == {"best": 110, "other": -1}
        assert seen(NOON) == {"best"}

    def test_an_expired_lead_is_replaced(self) -> None:
        make_story(publish_until=NOON)
        assert scores() == {"best": 110, "other": -1}
        moments.catch_up(NOON)
        assert scores() == {"best": 110, "other": 70}
        assert seen(NOON) == {"other"}

    def test_link_only_coverage_counts_when_its_date_comes(self) -> None:
        _, _, stub = make_story()
        Article.objects.filter(pk=stub.pk).update(published_at=NOON + timedelta(minutes=15))
        heat.recompute(Article.objects.values_list("pk", flat=True), at=NOON - HOUR)
        assert scores() == {"best": 100, "other": -1}
        moments.catch_up(NOON)
        assert scores() == {"best": 110, "other": -1}

    def test_again_changes_nothing(self, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        make_story(publish_from=NOON)
        assert moments.catch_up(NOON)
        before = list(Article.objects.order_by("pk").values())
        Clock.objects.all().delete()
        assert moments.catch_up(NOON) == []
        assert list(Article.objects.order_by("pk").values()) == before
        # Expect: the clock; what is due.
        with django_assert_num_queries(2):
            assert not moments.is_due(NOON + HOUR)

    def test_catches_up_after_days_without_a_clock(self) -> None:
        make_story(publish_from=NOON, publish_until=NOON + 48 * HOUR)
        moments.catch_up(NOON + 24 * HOUR)
        assert scores()["other"] == -1
        moments.catch_up(NOON + 72 * HOUR)
        assert scores()["other"] == 70

    def test_the_first_run_includes_every_article_with_a_time(self) -> None:
        make_story(publish_from=NOON)
        # As an older version left it: an embargoed lead superseded what readers could see.
        Article.objects.filter(slug="other").update(heat=-1, published=False)
        Clock.objects.all().delete()
        assert moments.is_due(NOON - HOUR)
        assert moments.catch_up(NOON - HOUR) == ["other"]

    def test_the_first_run_includes_past_dates(self) -> None:
        lead = make_article(quality=90, published_at=timezone.now() + HOUR)
        make_superseded(lead, slug="other", quality=75, heat=75)
        assert moments.catch_up(lead.published_at) == ["other"]

    def test_a_write_that_commits_after_its_moment_is_not_missed(self) -> None:
        make_story(publish_from=NOON)
        # The clock passed it while the transaction was open.
        Clock.objects.update(passed_until=NOON + timedelta(minutes=1))
        assert moments.catch_up(NOON + timedelta(minutes=2)) == ["other"]

    def test_in_pieces(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for _ in range(5):
            lead = make_article(quality=90, publish_from=NOON, published_at=NOON - HOUR)
            relate(make_article(quality=80, published_at=NOON - HOUR), lead)
        moments.catch_up(NOON - HOUR)
        monkeypatch.setattr(moments, "PIECE", 2)
        assert len(moments.catch_up(NOON)) == 5

    def test_starts_again_after_a_stop(self) -> None:
        make_story(publish_from=NOON)
        assert moments.catch_up(NOON, lambda: True) == []
        assert moments.is_due(NOON)

    def test_touches_no_other_article(self) -> None:
        make_story(publish_from=NOON)
        stale = make_article(quality=50, heat=77, published_at=NOON - 9 * HOUR)
        moments.catch_up(NOON)
        stale.refresh_from_db()
        assert stale.heat == 77

    @given(stories=STORIES, hours=st.lists(st.sampled_from([0, 0.5, 1, 2]), max_size=3))
    @settings(max_examples=40)
    def test_equals_a_full_rescore(self, stories: Stories, hours: list[float]) -> None:
        begin = NOON - HOUR / 2
        with transaction.atomic():
            store(stories)
            heat.recompute(Article.objects.values_list("pk", flat=True), DEFAULT_POLICY, begin)
            moments.catch_up(begin)
            for hour in sorted(hours):
                at = NOON + hour * HOUR
                moments.catch_up(at)
                assert list(heat.differences(Article.objects.all(), at=at)) == []
                assert not moments.is_due(at)
            transaction.set_rollback(True)


class TestGivenHeat:
    """The heat that a document gave."""

    def test_stays_if_only_the_bonus_would_differ(self) -> None:
        best, _, _ = make_story(publish_from=NOON)
        given = make_article(quality=95, heat=123, heat_is_given=True, published_at=NOON - HOUR)
        relate(given, best)
        moments.catch_up(NOON)
        given.refresh_from_db()
        assert (given.heat, given.heat_is_given) == (123, True)

    def test_stays_if_the_document_sees_no_lead_where_the_rule_does(self) -> None:
        lead = make_article(quality=90, publish_from=NOON, published_at=NOON - HOUR)
        given = make_superseded(lead, quality=75, heat=75, heat_is_given=True)
        moments.catch_up(NOON)
        given.refresh_from_db()
        assert (given.heat, given.published) == (75, True)

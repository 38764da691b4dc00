"""Articles: whether they are published, their state, lead and order in stories."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from articles.models import Article
from articles.scoring import SUPERSEDED_HEAT
from tests.articles.states import CASES, Case
from tests.factories import NOW, make_article, make_superseded, make_topic, relate

pytestmark = pytest.mark.django_db

cases = pytest.mark.parametrize("case", CASES, ids=str)
TICK: Final = timedelta(microseconds=1)
"""The smallest time difference that both databases store."""
State = Article.State
# What an article shows just before, at and just after the end of an embargo, and an expiry.
MOMENTS: Final = {
    "publish_from": (State.SCHEDULED, State.PUBLISHED, State.PUBLISHED),
    "publish_until": (State.PUBLISHED, State.EXPIRED, State.EXPIRED),
    "published_at": (State.SCHEDULED, State.PUBLISHED, State.PUBLISHED),
}
moments = pytest.mark.parametrize(
    ("name", "offset", "state"),
    [
        (name, offset, state)
        for name, states in MOMENTS.items()
        for offset, state in zip((-TICK, TICK * 0, TICK), states, strict=True)
    ],
)


def at_now(name: str) -> dict[str, Any]:
    # An article is shown 15 minutes before its own date, in case a clock is wrong.
    return {name: NOW + timedelta(minutes=15) if name == "published_at" else NOW}


class TestPublished:
    @cases
    def test_queryset_and_article_agree(self, case: Case) -> None:
        article = case.make()
        for at in (None, timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=1)):
            is_listed = Article.objects.published(at).filter(pk=article.pk).exists()
            assert article.is_published(at) is is_listed

    @cases
    def test_is_what_answers_200(self, case: Case) -> None:
        assert case.make().is_published() is (case.status == 200)


class TestExactMoments:
    """Python and both databases switch at the same microsecond."""

    @moments
    def test_of_its_own_schedule(self, name: str, offset: timedelta, state: State) -> None:
        article, at = make_article(**at_now(name)), NOW + offset
        is_public = state == State.PUBLISHED

        assert article.state_at(at) == state
        assert article.is_published(at) is is_public
        assert Article.objects.published(at).exists() is is_public
        assert Article.objects.reachable(at).exists() is is_public
        assert Article.objects.coverage(at).exists() is is_public
        found = [one for one in State if Article.objects.in_state(one, at).exists()]
        assert found == [state]

    @moments
    def test_of_its_lead(self, name: str, offset: timedelta, state: State) -> None:
        article, at = make_superseded(make_article(**at_now(name))), NOW + offset
        has_lead = state == State.PUBLISHED

        assert (article.lead(at) is not None) is has_lead
        assert (Article.objects.lead_of(article.slug, at) is not None) is has_lead
        assert Article.objects.reachable(at).filter(pk=article.pk).exists() is has_lead

    @moments
    def test_of_its_coverage(self, name: str, offset: timedelta, state: State) -> None:
        lead, report = make_article(), make_article(**at_now(name))
        relate(lead, report)
        shown = Article.objects.for_page(NOW + offset).get(pk=lead.pk).coverage

        assert shown == ([report] if state == State.PUBLISHED else [])

    @pytest.mark.parametrize(
        ("offset", "is_over"), [(-TICK, False), (TICK * 0, True), (TICK, True)]
    )
    def test_of_a_decision(self, offset: timedelta, is_over: bool) -> None:
        lead = make_article()
        held = make_article(decision="hold", quality=90, heat=90, decision_until=NOW)
        relate(lead, held)
        at = NOW + offset
        counted = vars(Article.objects.with_story_size(at).get(pk=lead.pk))["story_size"]

        assert held.contender(at).decision.is_out is not is_over
        assert counted == int(is_over)

    @moments
    def test_of_what_counts(self, name: str, offset: timedelta, state: State) -> None:
        lead, report = make_article(), make_article(**at_now(name))
        relate(lead, report)
        at = NOW + offset
        counted = vars(Article.objects.with_story_size(at).get(pk=lead.pk))["story_size"]

        assert (report.contender(at).absence is None) is (state == State.PUBLISHED)
        assert counted == int(state == State.PUBLISHED)

    def test_of_a_decision_without_an_end(self) -> None:
        held = make_article(decision="hold", quality=90, heat=90)

        assert held.contender(NOW + timedelta(days=9999)).decision.is_out


class TestState:
    @cases
    def test_success(self, case: Case) -> None:
        assert case.make().state == case.state

    @cases
    def test_filter_agrees(self, case: Case) -> None:
        article = case.make()
        for at in (None, timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=1)):
            found = [
                state
                for state in Article.State
                if Article.objects.in_state(state, at).filter(pk=article.pk).exists()
            ]
            assert found == [article.state_at(at)]

    def test_fail_unknown(self) -> None:
        with pytest.raises(ValueError, match="no state"):
            Article.objects.in_state("lost")


class TestLead:
    def test_is_the_best_published_one(self) -> None:
        best, good = make_article(quality=95), make_article(quality=85)
        unpublished = make_article(quality=99, heat=99, decision="hold")
        article = make_article(quality=40, heat=SUPERSEDED_HEAT)
        relate(article, good, unpublished, best)

        assert article.lead() == best
        assert Article.objects.lead_of(article.slug) == best

    def test_pinned_comes_first(self) -> None:
        pinned = make_article(quality=75, is_pinned=True)
        article = make_superseded(make_article(quality=95))
        relate(article, pinned)

        assert article.lead() == pinned

    def test_not_one_that_it_outranks(self) -> None:
        article = make_superseded(make_article(quality=80, heat=90), quality=85)

        assert article.lead() is None

    def test_at_equal_quality_the_earlier(self) -> None:
        later = make_article(quality=80, published_at=NOW)
        article = make_superseded(later, quality=80, published_at=NOW - timedelta(hours=1))
        assert article.lead() is None

        earlier = make_article(quality=80, published_at=NOW - timedelta(hours=2))
        relate(article, earlier)
        assert article.lead() == earlier

    def test_only_its_own_related(self) -> None:
        article = make_article(quality=40, heat=SUPERSEDED_HEAT)
        relate(make_article(), article)

        assert article.lead() is None

    def test_at_another_moment(self) -> None:
        article = make_superseded(make_article(publish_from=NOW))

        assert article.lead(NOW - timedelta(hours=1)) is None
        assert article.lead(NOW) is not None

    def test_lead_of_an_unknown_slug(self) -> None:
        assert Article.objects.lead_of("2026-03-01-nothing") is None


FACTS: Final = st.fixed_dictionaries(
    {
        "quality": st.none() | st.integers(0, 2),
        "is_pinned": st.booleans(),
        "published_at": st.sampled_from([NOW, NOW - TICK]),
    }
)


def ranked(article: Article) -> Any:
    return article.contender().rank


class TestOrder:
    @given(facts=st.lists(FACTS, max_size=8))
    @settings(max_examples=30)
    def test_in_sql_as_in_python(self, facts: list[dict[str, Any]]) -> None:
        with transaction.atomic():
            for each in facts:
                make_article(**each)
            assert list(Article.objects.by_rank()) == sorted(Article.objects.all(), key=ranked)
            transaction.set_rollback(True)

    @given(one=FACTS, other=FACTS)
    @settings(max_examples=60)
    def test_a_superseded_article_is_reachable_below_its_lead(
        self, one: dict[str, Any], other: dict[str, Any]
    ) -> None:
        with transaction.atomic():
            lead = make_article(**one | {"published": True})
            quality = other["quality"] or 0
            article = make_article(**other | {"quality": quality, "heat": SUPERSEDED_HEAT})
            relate(article, lead)
            is_reachable = Article.objects.reachable().filter(pk=article.pk).exists()
            assert is_reachable is lead.outranks(article)
            transaction.set_rollback(True)

    def test_reports_that_an_editor_removed_come_last(self) -> None:
        held = make_article(quality=90, heat=90, decision="hold", is_pinned=True)
        unscored, best = make_article(quality=None), make_article(quality=80)

        assert sorted([held, unscored, best], key=ranked) == [best, unscored, held]

    def test_by_rank_agrees_with_outranks(self) -> None:
        for overrides in (
            {"quality": 40, "is_pinned": True},
            {"quality": 90},
            {"quality": 80, "published_at": NOW - timedelta(hours=2)},
            {"quality": 80, "published_at": NOW, "slug": "2026-03-01-a"},
            {"quality": 80, "published_at": NOW, "slug": "2026-03-01-b"},
            {"quality": 0},
            {"quality": None},
        ):
            make_article(**overrides)
        found = list(Article.objects.by_rank())

        assert [article.quality for article in found] == [40, 90, 80, 80, 80, 0, None]
        for place, article in enumerate(found):
            assert all(article.outranks(other) for other in found[place + 1 :])
            assert not any(article.outranks(other) for other in found[:place])


class TestCoverage:
    def test_by_rank_unscored_last(self) -> None:
        lead = make_article(quality=95)
        unscored = make_article(quality=None, coverage_only=True)
        late = make_article(quality=50, published_at=NOW)
        early = make_article(quality=50, published_at=NOW - timedelta(days=1))
        best = make_article(quality=60, coverage_only=True)
        relate(lead, unscored, late, early, best)

        shown = Article.objects.for_list().get(pk=lead.pk)
        assert shown.coverage == [best, early, late, unscored]

    @cases
    def test_hides_held_and_withdrawn_articles(self, case: Case) -> None:
        lead, article = make_article(), case.make()
        relate(lead, article)
        now = timezone.now()
        is_shown = (
            article.decision not in {"hold", "withdraw"}
            and (article.publish_from is None or article.publish_from <= now)
            and (article.publish_until is None or article.publish_until > now)
            and article.published_at <= now + timedelta(minutes=15)
        )

        shown = Article.objects.for_list().get(pk=lead.pk)
        assert shown.coverage == ([article] if is_shown else [])


class TestTexts:
    def test_entities_are_decoded(self) -> None:
        article = Article(title="It&#8217;s &amp;lt;", excerpt=" &#8220;Quoted&#8221;\n&lt;b&gt; ")

        assert article.headline == "It\u2019s &lt;"
        assert article.summary == "“Quoted”\n<b>"

    def test_entities_of_no_character(self) -> None:
        article = Article(title="A&#129;B", excerpt="&#" + "9" * 5_000 + ";")
        assert (article.headline, article.summary) == ("AB", "\ufffd")


class TestTopicClean:
    def test_control_characters_are_left_out(self) -> None:
        topic = make_topic("A\x1bI", short_name="A\x07")
        topic.clean()
        assert (topic.name, topic.short_name) == ("AI", "A")

    def test_fail_invisible_name(self) -> None:
        topic = make_topic("AI")
        topic.name = "\u2060"
        with pytest.raises(ValidationError, match="readers can see"):
            topic.clean()

    def test_fail_parent_below_itself(self) -> None:
        top = make_topic("Top")
        below = make_topic("Below", parent=top)
        top.parent = make_topic("Lowest", parent=below)
        with pytest.raises(ValidationError, match="itself below Top"):
            top.clean()

    def test_fail_parent_in_a_circle(self) -> None:
        first, second = make_topic("First"), make_topic("Second")
        first.parent, second.parent = second, first
        first.save()
        second.save()
        with pytest.raises(ValidationError):
            make_topic("Third", parent=first).clean()

    @pytest.mark.parametrize("words", ["word", [1], {"a": "b"}])
    def test_fail_not_a_list_of_words(self, words: object) -> None:
        topic = make_topic(keywords=words)
        with pytest.raises(ValidationError, match="list of words"):
            topic.clean()

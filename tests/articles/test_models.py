"""What is published, in which state articles are, who leads, and the order of lists."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from articles.models import Article
from articles.scoring import SUPERSEDED_HEAT
from tests.articles.states import CASES, Case
from tests.factories import NOW, make_article, make_superseded, make_topic, relate

pytestmark = pytest.mark.django_db

cases = pytest.mark.parametrize("case", CASES, ids=str)


class TestPublished:
    @cases
    def test_queryset_and_article_agree(self, case: Case) -> None:
        article = case.make()
        for at in (None, timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=1)):
            is_listed = Article.objects.published(at).filter(pk=article.pk).exists()
            assert article.is_published(at) is is_listed

    @cases
    def test_only_what_answers_200(self, case: Case) -> None:
        assert case.make().is_published() is (case.status == 200)

    def test_embargo_begins_and_ends_at_its_moments(self) -> None:
        end = NOW + timedelta(hours=1)
        article = make_article(publish_from=NOW, publish_until=end)

        assert not article.is_published(NOW - timedelta(microseconds=1))
        assert article.is_published(NOW)
        assert article.is_published(end - timedelta(microseconds=1))
        assert not article.is_published(end)


class TestState:
    @cases
    def test_success(self, case: Case) -> None:
        assert case.make().state == case.state

    @cases
    def test_the_filter_agrees(self, case: Case) -> None:
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
    def test_the_best_ranking_published_one(self) -> None:
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

    def test_none_that_it_outranks(self) -> None:
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


class TestOrder:
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
        ranked = list(Article.objects.by_rank())

        assert [article.quality for article in ranked] == [40, 90, 80, 80, 80, 0, None]
        for place, article in enumerate(ranked):
            assert all(article.outranks(other) for other in ranked[place + 1 :])
            assert not any(article.outranks(other) for other in ranked[:place])


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
    def test_hides_what_an_editor_took_out(self, case: Case) -> None:
        lead, article = make_article(), case.make()
        relate(lead, article)
        now = timezone.now()
        is_shown = (
            article.decision not in {"hold", "withdraw"}
            and (article.publish_from is None or article.publish_from <= now)
            and (article.publish_until is None or article.publish_until > now)
        )

        shown = Article.objects.for_list().get(pk=lead.pk)
        assert shown.coverage == ([article] if is_shown else [])


class TestTexts:
    def test_entities_become_characters(self) -> None:
        article = Article(title="It&#8217;s &amp;lt;", excerpt=" &#8220;Quoted&#8221;\n&lt;b&gt; ")

        assert article.headline == "It\u2019s &lt;"
        assert article.summary == "“Quoted”\n<b>"


class TestTopicClean:
    def test_fail_parent_below_itself(self) -> None:
        top = make_topic("Top")
        below = make_topic("Below", parent=top)
        top.parent = make_topic("Lowest", parent=below)
        with pytest.raises(ValidationError, match="itself below Top"):
            top.clean()

    def test_ends_on_a_circle_of_others(self) -> None:
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

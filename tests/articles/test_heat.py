"""Applying heat to stored articles, and only to those affected."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from pytest_django import DjangoAssertNumQueries

from articles import heat
from articles.models import Article
from articles.models.article_queryset import in_sight
from articles.sample_documents import generate
from articles.scoring import Policy
from tests.articles.drawn import POLICIES, STORIES, Stories, store
from tests.articles.importing.worlds import SeedFile
from tests.articles.importing.worlds import put as put_files
from tests.articles.samples import NOON, document, edit, entry, load, put
from tests.factories import make_article, relate

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Article, Article]:
    """Return two articles linked both ways: the first leads with 60, the second has 50."""
    lead = document(related=(entry(),))
    other = document(
        title="A bridge at last",
        web_url=entry().web_url,
        quality=50,
        heat=-1,
        related=(entry(web_url=lead.web_url, title=lead.title, quality=60),),
    )
    put(tmp_path, "lead.txt", lead)
    put(tmp_path, "other.txt", other)
    load(tmp_path)
    return Article.objects.get(quality=60), Article.objects.get(quality=50)


def scores() -> dict[int | None, tuple[int | None, bool]]:
    return {article.quality: (article.heat, article.published) for article in Article.objects.all()}


class TestRecompute:
    def test_replaces_the_documents_heat_by_the_policys(
        self, pair: tuple[Article, Article]
    ) -> None:
        (changed,) = heat.recompute([pair[0].pk])
        assert (changed.slug, changed.heat, changed.receipt.heat) == (pair[0].slug, 60, 70)
        lead = Article.objects.get(pk=pair[0].pk)
        assert (lead.heat, lead.published, lead.heat_is_given) == (70, True, False)
        assert lead.top_rank > pair[0].top_rank

    def test_touches_no_other_article(self, pair: tuple[Article, Article]) -> None:
        before = Article.objects.filter(pk=pair[1].pk).values().get()
        heat.recompute([pair[0].pk])
        assert Article.objects.filter(pk=pair[1].pk).values().get() == before

    def test_a_second_time_changes_nothing(self, pair: tuple[Article, Article]) -> None:
        pks = [article.pk for article in pair]
        assert heat.recompute(pks)
        assert heat.recompute(pks) == []

    def test_no_articles_need_no_query(self) -> None:
        with CaptureQueriesContext(connection) as queries:
            assert heat.recompute([]) == []
        assert len(queries) == 0

    def test_leaves_coverage_only_articles_without_heat(self, tmp_path: Path) -> None:
        put(tmp_path, "a.txt", document(related=(entry(),)))
        load(tmp_path)
        stub = Article.objects.get(coverage_only=True)
        assert heat.recompute([stub.pk]) == []
        stub.refresh_from_db()
        assert stub.heat is None


class TestDecisions:
    def test_hold_takes_an_article_out_of_its_story(self, pair: tuple[Article, Article]) -> None:
        edit(pair[0], decision="hold")
        heat.recompute([article.pk for article in pair])
        # The held article keeps its own heat; it neither supersedes the other nor counts for it.
        assert scores() == {60: (70, False), 50: (50, False)}

    def test_withdraw_does_the_same(self, pair: tuple[Article, Article]) -> None:
        edit(pair[0], decision="withdraw")
        heat.recompute([article.pk for article in pair])
        assert scores() == {60: (70, False), 50: (50, False)}

    def test_publish_overrides_the_threshold(self, pair: tuple[Article, Article]) -> None:
        edit(pair[1], decision="publish")
        heat.recompute([article.pk for article in pair])
        assert scores() == {60: (70, True), 50: (-1, True)}

    def test_pin_leads_whatever_the_quality(self, pair: tuple[Article, Article]) -> None:
        edit(pair[1], is_pinned=True)
        heat.recompute([article.pk for article in pair])
        assert scores() == {60: (-1, False), 50: (60, False)}

    def test_decisions_end_when_they_expire(self, pair: tuple[Article, Article]) -> None:
        edit(pair[0], decision="hold", decision_until=NOON)
        pks = [article.pk for article in pair]
        heat.recompute(pks, at=NOON - timedelta(seconds=1))
        assert scores()[60] == (70, False)
        heat.recompute(pks, at=NOON)
        assert scores() == {60: (70, True), 50: (-1, False)}


class TestDifferences:
    def test_stored_values_are_compared_with_the_policy(
        self, pair: tuple[Article, Article]
    ) -> None:
        (difference,) = heat.differences(Article.objects.all())
        assert difference.as_json() == {
            "slug": pair[0].slug,
            "heat": 60,
            "published": False,
            "policy_heat": 70,
            "policy_published": True,
            "why": "quality 60 + 1 related × 10 = 70 ≥ 70: published; leads The Daily (50)",  # noqa: RUF001
        }
        assert str(difference).startswith(
            f"{pair[0].slug}: heat 60, not published; the policy gives 70, published: quality 60"
        )

    def test_can_preview_another_policy(self, pair: tuple[Article, Article]) -> None:
        assert list(heat.differences(Article.objects.all(), Policy(70, 0, 50))) == []

    def test_receipts_write_nothing(self, pair: tuple[Article, Article]) -> None:
        before = list(Article.objects.values())
        found = heat.receipts([article.pk for article in pair])
        assert {pk: receipt.heat for pk, receipt in found.items()} == {
            pair[0].pk: 70,
            pair[1].pk: -1,
        }
        assert list(Article.objects.values()) == before


class TestInSight:
    """The database and the rule agree on which reports count."""

    @given(stories=STORIES)
    @settings(max_examples=60)
    def test_agree(self, stories: Stories) -> None:
        with transaction.atomic():
            articles = store(stories)
            seen = set(Article.objects.filter(in_sight(NOON)))
            hidden = set(Article.objects.exclude(in_sight(NOON)))
            transaction.set_rollback(True)
        assert seen == {one for one in articles if one.contender(NOON).absence is None}
        assert seen | hidden == set(articles)
        assert not seen & hidden


class TestOutcomes:
    """A scan of the archive compares only numbers."""

    @given(stories=STORIES, policy=POLICIES)
    @settings(max_examples=40)
    def test_are_those_of_the_rule(self, stories: Stories, policy: Policy) -> None:
        with transaction.atomic():
            store(stories)
            scored = heat.receipts(list(Article.objects.values_list("pk", flat=True)), policy, NOON)
            outcomes = [
                one
                for piece in heat.outcomes(Article.objects.all(), policy, NOON, size=3)
                for one in piece
            ]
            transaction.set_rollback(True)
        found = {one.article_id: (one.policy_heat, one.policy_published) for one in outcomes}
        assert found == {pk: (one.heat, one.published) for pk, one in scored.items()}
        assert [one.article_id for one in outcomes] == sorted(found)
        for one in outcomes:
            receipt = scored[one.article_id]
            assert one.counted == len(receipt.counted)
            assert one.is_superseded == bool(receipt.superseded_by)
            assert one.policy_leads == (
                receipt.published and not receipt.superseded_by and bool(receipt.counted)
            )

    def test_a_few_distant_articles_read_only_their_links(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        articles = [
            make_article(slug=f"tie-{n:02}", quality=60, published_at=NOON) for n in range(12)
        ]
        for one in articles[1:]:
            relate(one, articles[0])
        few = Article.objects.filter(pk__in=[articles[1].pk, articles[-1].pk])
        # Expect: articles, links; the same for those with a tie.
        with django_assert_num_queries(4):
            (piece,) = heat.outcomes(few, Policy(70, 20, 50), NOON)
        assert [one.policy_heat for one in piece] == [-1, -1]


class TestQueries:
    @pytest.mark.parametrize("count", [10, 120])
    def test_do_not_depend_on_the_number_of_articles(self, tmp_path: Path, count: int) -> None:
        put_files(tmp_path, [SeedFile(*file) for file in generate(count, 3)])
        load(tmp_path)
        pks = list(Article.objects.values_list("pk", flat=True))
        with CaptureQueriesContext(connection) as queries:
            heat.recompute(pks)
        # Expect: lock, policy, articles, links, one update for all. Savepoints aside.
        told = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
        assert len(told) == 5
        with CaptureQueriesContext(connection) as queries:
            list(heat.differences(Article.objects.all()))
        # Expect: policy, articles, links; articles and links of those with a tie; next articles.
        assert len(queries) <= 6

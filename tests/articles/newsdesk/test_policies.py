"""Previewing a policy, applying it, and recomputing the archive."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from pytest_django import DjangoAssertNumQueries

from articles import heat, newsdesk
from articles.documents import MAX_QUALITY
from articles.models import Article, PolicyVersion
from articles.newsdesk import policies
from articles.roles import Role
from articles.scoring import DEFAULT_POLICY, Policy, top_rank
from tests.articles.drawn import POLICIES, STORIES, Stories, store
from tests.articles.samples import NOON
from tests.factories import make_article, make_superseded, make_user, relate

pytestmark = pytest.mark.django_db
LOWER = Policy(60, 10, 50)


def scores() -> dict[int, tuple[int | None, bool]]:
    return {pk: (heat, published) for pk, heat, published in rows("heat", "published")}


def rows(*names: str) -> Iterable[Any]:
    return Article.objects.order_by("pk").values_list("pk", *names)


def carry_through(version: PolicyVersion) -> PolicyVersion:
    while version.finished_at is None:
        version = newsdesk.continue_policy(version, at=NOON, seconds=0)
    return version


def led() -> set[int]:
    """Return the lead of a story, computed independently of the tested code."""
    return {
        article.pk
        for article in Article.objects.filter(published=True).exclude(heat=-1)
        if any(is_seen(other) for other in article.related.all())
    }


def is_seen(article: Article) -> bool:
    is_over = article.decision_until is not None and article.decision_until <= NOON
    return (
        (is_over or article.decision not in {"hold", "withdraw"})
        and article.published_at <= NOON + timedelta(minutes=15)
        and (article.publish_from is None or article.publish_from <= NOON)
        and (article.publish_until is None or article.publish_until > NOON)
    )


class TestTry:
    @given(stories=STORIES, before=POLICIES, policy=POLICIES)
    @settings(max_examples=40)
    def test_the_preview_agrees_with_applying(
        self, stories: Stories, before: Policy, policy: Policy
    ) -> None:
        with transaction.atomic():
            store(stories)
            heat.recompute(Article.objects.values_list("pk", flat=True), before, NOON)
            # One article has a heat from its document that no policy would give.
            given = Article.objects.filter(heat__gte=0, decision="").order_by("pk").first()
            if given:
                Article.objects.filter(pk=given.pk).update(heat=150, published=True)
            trial = newsdesk.try_policy(policy, at=NOON)
            stored, leads = scores(), led()
            version = PolicyVersion.objects.create(
                threshold=policy.threshold, bonus=policy.bonus, minimum=policy.minimum
            )
            carry_through(version)
            now, leads_now = scores(), led()
            left = newsdesk.try_policy(policy, at=NOON)
            transaction.set_rollback(True)
        changed = {pk for pk in now if now[pk] != stored[pk]}
        published = {pk for pk in changed if now[pk][1] and not stored[pk][1]}
        unpublished = {pk for pk in changed if stored[pk][1] and not now[pk][1]}
        groups = [published, unpublished, leads_now - leads, leads - leads_now]
        assert [group.count for group in trial.groups.values()] == [len(pks) for pks in groups]
        for group, pks in zip(trial.groups.values(), groups, strict=True):
            assert {one.article_id for one in group.examples} == pks
            for one in group.examples:
                assert one.before.heat == stored[one.article_id][0]
                assert one.after.heat == now[one.article_id][0]
        assert trial.changed == len(changed)
        assert trial.heat_only == len(changed.difference(*groups))
        assert trial.looked_at == sum(not stub for _, stub in rows_of_stubs(stories))
        assert (left.changed, left.heat_only) == (0, 0)

    def test_shows_the_hottest_of_each_kind_and_counts_all(self) -> None:
        articles = [make_article(quality=quality) for quality in (61, 69, 60, 69, 59)]
        trial = newsdesk.try_policy(LOWER, shown=3)
        assert trial.groups["published"].count == 4
        assert [one.slug for one in trial.groups["published"].examples] == [
            articles[place].slug for place in (3, 1, 0)
        ]
        one = trial.groups["published"].examples[0]
        assert (one.before.state, one.after.state) == ("below", "published")
        assert (one.headline, one.provider) == (articles[3].title, articles[3].provider.name)
        assert str(one.receipt) == "quality 69 ≥ 60: published"

    def test_examples_are_the_hottest_before_or_after(self) -> None:
        cooler, steady = make_article(quality=55), make_article(quality=75)
        relate(cooler, *(make_article(quality=20) for _ in range(3)))
        heat.recompute([cooler.pk, steady.pk])
        trial = newsdesk.try_policy(Policy(80, 0, 50))
        # One article drops from 85 to 55; the others stay at 75.
        assert [one.slug for one in trial.groups["unpublished"].examples] == [
            cooler.slug,
            steady.slug,
        ]
        trial = newsdesk.try_policy(Policy(80, 0, 50), shown=1)
        assert [one.slug for one in trial.groups["unpublished"].examples] == [cooler.slug]

        warmer, level = make_article(quality=50), make_article(quality=65)
        relate(warmer, make_article(quality=20))
        heat.recompute([warmer.pk, level.pk])
        trial = newsdesk.try_policy(Policy(60, 20, 50))
        # One article rises from 60 to 70; the others stay at 65.
        assert [one.slug for one in trial.groups["published"].examples] == [warmer.slug, level.slug]

    def test_names_leads(self) -> None:
        lead = make_article(quality=50, heat=60)
        make_superseded(lead)
        relate(lead, Article.objects.exclude(pk=lead.pk).get())
        trial = newsdesk.try_policy(LOWER)
        assert [one.slug for one in trial.groups["lead_gained"].examples] == [lead.slug]
        assert trial.groups["lead_lost"].count == 0

    def test_writes_nothing(self) -> None:
        make_article(quality=60)
        before = list(Article.objects.values())
        newsdesk.try_policy(LOWER)
        assert list(Article.objects.values()) == before
        assert not PolicyVersion.objects.exists()

    def test_opens_no_transaction(self) -> None:
        # On SQLite a transaction would block all writers.
        with CaptureQueriesContext(connection) as queries:
            newsdesk.try_policy(LOWER)
        assert not [q for q in queries if not q["sql"].startswith("SELECT")]

    def test_leaves_decided_articles_alone(self) -> None:
        make_article(quality=65, decision="hold")
        make_article(quality=20, decision="publish", published=True)
        assert newsdesk.try_policy(LOWER).changed == 0

    def test_reports_progress_and_the_compared_version(self) -> None:
        make_article()
        make_article(coverage_only=True, quality=None)
        seen: list[int] = []
        trial = newsdesk.try_policy(LOWER, progress=seen.append)
        assert (seen, trial.looked_at, trial.against) == ([1], 1, 0)
        version = newsdesk.apply_policy(LOWER, by=None)
        assert newsdesk.try_policy(DEFAULT_POLICY).against == version.pk

    @pytest.mark.parametrize("count", [3, 40])
    def test_queries_do_not_depend_on_the_number_of_articles(
        self, count: int, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for quality in range(count):
            make_article(quality=60 + quality % 10)
        # Expect: version in force; articles, links; for examples: articles with provider; for
        # receipts: articles, links.
        with django_assert_num_queries(6):
            newsdesk.try_policy(LOWER)


def rows_of_stubs(stories: Stories) -> list[tuple[int, bool]]:
    return [(place, one["coverage_only"]) for place, one in enumerate(stories[0])]


class TestApply:
    def test_is_in_force_at_once(self) -> None:
        user = make_user(Role.PUBLISHER)
        article, other = make_article(quality=60), make_article(quality=60)
        version = newsdesk.apply_policy(LOWER, by=user, reason="a quiet month", at=NOON)
        assert (version.by, version.reason, version.at) == (user, "a quiet month", NOON)
        assert (version.applied_to, version.finished_at) == (None, None)
        newsdesk.perform(newsdesk.set_quality(article, 61), by=user)
        article.refresh_from_db()
        other.refresh_from_db()
        assert (article.published, other.published) == (True, False)

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.OPERATOR])
    def test_needs_permission(self, role: Role) -> None:
        with pytest.raises(PermissionDenied):
            newsdesk.apply_policy(LOWER, by=make_user(role))
        assert not PolicyVersion.objects.exists()

    def test_refuses_the_numbers_in_force(self) -> None:
        with pytest.raises(newsdesk.RefusedError, match="already in force"):
            newsdesk.apply_policy(DEFAULT_POLICY, by=None)
        newsdesk.apply_policy(LOWER, by=None)
        with pytest.raises(newsdesk.RefusedError, match="already in force"):
            newsdesk.apply_policy(LOWER, by=None)
        assert PolicyVersion.objects.count() == 1

    @pytest.mark.parametrize(
        ("policy", "words"),
        [
            (Policy(-1, 10, 50), "threshold goes from 0"),
            (Policy(70, MAX_QUALITY + 1, 50), "bonus goes from 0"),
            (Policy(70, 10, -5), "minimum goes from 0"),
        ],
    )
    def test_refuses_numbers_out_of_range(self, policy: Policy, words: str) -> None:
        with pytest.raises(newsdesk.RefusedError, match=words):
            newsdesk.apply_policy(policy, by=None)
        with pytest.raises(newsdesk.RefusedError, match=words):
            newsdesk.try_policy(policy)

    def test_refuses_if_another_policy_was_applied(self) -> None:
        against = newsdesk.try_policy(LOWER).against
        newsdesk.apply_policy(Policy(65, 10, 50), by=None)
        with pytest.raises(newsdesk.StalePolicyError):
            newsdesk.apply_policy(LOWER, by=None, against=against)

    def test_older_numbers_come_back_as_a_new_version(self) -> None:
        article = make_article(quality=60)
        old = carry_through(newsdesk.apply_policy(LOWER, by=None))
        carry_through(newsdesk.apply_policy(DEFAULT_POLICY, by=None))
        assert scores() == {article.pk: (60, False)}
        carry_through(newsdesk.apply_policy(old.policy, by=None))
        assert scores() == {article.pk: (60, True)}
        assert PolicyVersion.objects.count() == 3


class TestContinue:
    @pytest.fixture(autouse=True)
    def pieces_of_two(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(policies, "PIECE", 2)

    @pytest.fixture
    def articles(self) -> list[Article]:
        return [make_article(quality=60 + number) for number in range(5)]

    def test_works_piece_by_piece_and_records_progress(self, articles: list[Article]) -> None:
        version = newsdesk.apply_policy(LOWER, by=None)
        assert newsdesk.policy_progress(version) == 0
        version = newsdesk.continue_policy(version, at=NOON, seconds=0)
        assert (version.applied_to, version.finished_at) == (articles[1].pk, None)
        assert 0 < newsdesk.policy_progress(version) < 1
        assert [pk for pk, published in rows("published") if published] == [
            articles[0].pk,
            articles[1].pk,
        ]
        version = carry_through(version)
        assert (version.applied_to, version.finished_at) == (articles[4].pk, NOON)
        assert newsdesk.policy_progress(version) == 1
        assert Article.objects.filter(published=True).count() == 5

    def test_takes_as_many_pieces_as_the_time_allows(self, articles: list[Article]) -> None:
        version = newsdesk.continue_policy(newsdesk.apply_policy(LOWER, by=None), seconds=60)
        assert version.finished_at is not None

    @pytest.mark.parametrize("survived", [0, 1, 2])
    @pytest.mark.parametrize("written", [False, True])
    def test_continues_where_it_was_killed(
        self,
        articles: list[Article],
        monkeypatch: pytest.MonkeyPatch,
        survived: int,
        written: bool,
    ) -> None:
        version = newsdesk.apply_policy(LOWER, by=None)
        recompute, calls = heat.recompute, []

        def killed(*arguments: Any, **options: Any) -> Any:
            calls.append(1)
            if len(calls) <= survived:
                return recompute(*arguments, **options)
            if written:
                recompute(*arguments, **options)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(heat, "recompute", killed)
            with pytest.raises(KeyboardInterrupt):
                newsdesk.continue_policy(version, seconds=60)
        # The interrupted batch is rolled back; the recorded ones are kept.
        stored = PolicyVersion.objects.get()
        reached = articles[: 2 * survived]
        assert stored.applied_to == (reached[-1].pk if reached else None)
        published = Article.objects.filter(published=True)
        assert set(published.values_list("pk", flat=True)) == {one.pk for one in reached}
        assert carry_through(stored).finished_at == NOON
        assert published.count() == 5

    def test_a_second_run_changes_nothing(self, articles: list[Article]) -> None:
        version = carry_through(newsdesk.apply_policy(LOWER, by=None))
        before = list(Article.objects.order_by("pk").values())
        again = newsdesk.continue_policy(version)
        assert (again.applied_to, again.finished_at) == (version.applied_to, version.finished_at)
        PolicyVersion.objects.update(applied_to=None, finished_at=None)
        carry_through(PolicyVersion.objects.get())
        assert list(Article.objects.order_by("pk").values()) == before

    def test_by_two_at_once_never_goes_back(self, articles: list[Article]) -> None:
        version = newsdesk.apply_policy(LOWER, by=None)
        further = newsdesk.continue_policy(version, seconds=60, at=NOON)
        behind = newsdesk.continue_policy(version, seconds=0)
        assert (behind.applied_to, behind.finished_at) == (further.applied_to, NOON)

    def test_touches_only_what_differs(self, articles: list[Article]) -> None:
        make_article(quality=90, heat_is_given=True)
        carry_through(newsdesk.apply_policy(Policy(62, 10, 50), by=None))
        versions = {pk: (given, version) for pk, given, version in rows("heat_is_given", "version")}
        assert set(versions.values()) == {(False, 1), (True, 1)}
        assert Article.objects.filter(published=True).count() == 4

    def test_changes_the_order_of_the_front_page(self) -> None:
        lead = make_article(quality=50, heat=60, published_at=NOON)
        relate(lead, make_superseded(lead, published_at=NOON))
        carry_through(newsdesk.apply_policy(Policy(60, 30, 50), by=None))
        lead.refresh_from_db()
        assert lead.heat == 80
        assert lead.top_rank == pytest.approx(top_rank(80, NOON))

    def test_ends_expired_decisions(self) -> None:
        article = make_article(
            quality=65, decision="hold", decision_until=NOON - timedelta(hours=1)
        )
        carry_through(newsdesk.apply_policy(LOWER, by=None))
        article.refresh_from_db()
        assert (article.decision, article.published) == ("", True)

    def test_refuses_any_but_the_latest(self, articles: list[Article]) -> None:
        first = newsdesk.apply_policy(LOWER, by=None)
        carry_through(newsdesk.apply_policy(DEFAULT_POLICY, by=None))
        with pytest.raises(newsdesk.RefusedError, match="Another policy is in force"):
            newsdesk.continue_policy(first)
        assert Article.objects.filter(published=True).count() == 0

    def test_decision_between_pieces_uses_the_new_policy(self, articles: list[Article]) -> None:
        user = make_user(Role.PUBLISHER)
        version = newsdesk.continue_policy(newsdesk.apply_policy(LOWER, by=None), seconds=0)
        newsdesk.perform(newsdesk.set_quality(articles[0], 59), by=user)
        newsdesk.perform(newsdesk.set_quality(articles[4], 68), by=user)
        newsdesk.perform(newsdesk.hold(Article.objects.get(pk=articles[3].pk)), by=user)
        assert scores()[articles[0].pk] == (59, False)
        assert scores()[articles[4].pk] == (68, True)
        carry_through(version)
        assert list(heat.differences(Article.objects.all())) == []
        assert scores()[articles[3].pk] == (63, False)

    def test_of_an_empty_archive_is_done_at_once(self) -> None:
        version = newsdesk.apply_policy(LOWER, by=None)
        assert newsdesk.policy_progress(version) == 0
        assert newsdesk.continue_policy(version, at=NOON).finished_at == NOON

"""A quality is suggested from the newsroom's own scores, if that is better than the provider's mean."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from articles import newsdesk
from articles.models import Article, Image, ProviderRecord, QualityModel, Topic
from articles.suggestions import quality
from articles.suggestions.linear import Example
from articles.suggestions.quality import Scored, suggested_quality
from articles.tasks import refit_quality
from providers.models import Provider
from tests.articles.working_off import work_off
from tests.factories import NOW, make_article, make_provider, make_topic

pytestmark = pytest.mark.django_db

SHORT, LONG = "Harbor reopened", "Harbor reopened " * 7


@pytest.fixture
def papers() -> list[Provider]:
    return [
        make_provider(name="Harbor Times", domain="harbor.example"),
        make_provider(name="Hill Post", domain="hill.example"),
    ]


@pytest.fixture
def music() -> Topic:
    return make_topic("Music")


def write(paper: Provider, score: int | None, **overrides: Any) -> Article:
    has_picture = overrides.pop("has_picture", False)
    values: dict[str, Any] = {"title": SHORT, "excerpt": "", "published_at": NOW}
    article = make_article(provider=paper, quality=score, **values | overrides)
    if has_picture:
        Image.objects.create(article=article, position=0, url="https://harbor.example/1.jpg")
    return article


@pytest.fixture
def scored(papers: list[Provider], music: Topic) -> None:
    """Store 120 scores: 58 or 30, 8 more with a picture, 12 less with a long headline, 5 for music."""
    random = Random(7)
    for number in range(120):
        place, picture, long, about = (random.randrange(2) for _ in range(4))
        write(
            papers[place],
            (58, 30)[place] + 8 * picture - 12 * long + 5 * about,
            has_picture=bool(picture),
            title=LONG if long else SHORT,
            topics=(music,) if about else (),
            published_at=NOW - timedelta(hours=120 - number),
        )


@pytest.mark.usefixtures("scored")
class TestSuggestedQuality:
    def test_value_and_reasons_strongest_first(self, papers: list[Provider], music: Topic) -> None:
        quality.refit()
        one = write(papers[0], None, has_picture=True, title=LONG, topics=(music,))
        other = write(papers[1], None)
        suggested = suggested_quality([one, other])
        assert abs(suggested[one.pk].value - 59) <= 1
        assert abs(suggested[other.pk].value - 30) <= 1
        record, *why = suggested[one.pk].why
        mean = ProviderRecord.objects.get(provider=papers[0]).value
        assert record == f"Harbor Times' record {round(mean)}"
        assert [reason.rpartition(" ")[0] for reason in why[:3]] == [
            "long headline",
            "has a picture",
            "topic Music",
        ]
        points = [int(reason.rpartition(" ")[2].replace("−", "-")) for reason in why]  # noqa: RUF001
        assert points[0] < 0 < points[1]
        assert [abs(one) for one in points] == sorted((abs(one) for one in points), reverse=True)
        assert 0 not in points
        assert abs(round(mean) + sum(points) - suggested[one.pk].value) <= 2
        record, *why = suggested[other.pk].why
        assert record.startswith("Hill Post's record")
        assert {reason.rpartition(" ")[0] for reason in why} >= {
            "short headline",
            "no picture",
            "without other usual topics",
        }

    def test_new_provider(self) -> None:
        quality.refit()
        one = write(make_provider(name="New Voice"), None)
        (suggested,) = suggested_quality([one]).values()
        usual = round(QualityModel.objects.get().usual)
        assert suggested.why[0] == f"no scores of New Voice yet, usual quality {usual}"
        assert 30 < suggested.value < 58

    def test_three_queries_for_any_number(
        self, papers: list[Provider], django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        quality.refit()
        articles = [write(papers[number % 2], None, has_picture=True) for number in range(6)]
        # The model, the facts and the records.
        for some in (articles[:1], articles):
            with django_assert_num_queries(3):
                assert len(suggested_quality(some)) == len(some)
        with django_assert_num_queries(0):
            assert suggested_quality([]) == {}

    def test_its_own_score_and_links_to_it_do_not_count(self, papers: list[Provider]) -> None:
        write(papers[0], 900, coverage_only=True)
        assert len(quality.scores()) == 120

    def test_command_suggest_prints_it(
        self, papers: list[Provider], capsys: pytest.CaptureFixture[str]
    ) -> None:
        quality.refit()
        one = write(papers[0], None, slug="one")
        expected = suggested_quality([one])[one.pk]
        call_command("suggest", "one", "--format=json")
        printed = json.loads(capsys.readouterr().out)["quality"]
        assert printed == {"value": expected.value, "why": expected.why}
        call_command("suggest", "one")
        assert f"  quality? {expected.value}: Harbor Times' record" in capsys.readouterr().out


class TestRefit:
    def test_is_tested_on_later_scores_than_it_learned_from(self) -> None:
        """The later scores are those of another newsroom, so knowing them would help."""
        earlier = [
            Example(1, {"picture": float(one % 2)}, 50 + 10 * (one % 2)) for one in range(80)
        ]
        later = [Example(1, {"picture": float(one % 2)}, 50 - 10 * (one % 2)) for one in range(20)]
        compared = quality.compare(earlier, later)
        assert (compared.learned, compared.tested) == (100, 20)
        # It expects about 60 and gets 40.
        assert compared.error == pytest.approx(10, abs=1)
        assert compared.baseline_error is not None
        assert not compared.is_better

    @pytest.mark.parametrize(
        ("days", "tested"),
        [
            # All in a month: the last fifth.
            (20, 120),
            # The last month is less than a fifth, and enough.
            (160, 113),
            # The last month has too few.
            (600, 120),
        ],
    )
    def test_is_tested_on_the_last_month_or_fifth(self, days: int, tested: int) -> None:
        at = [NOW + timedelta(days=days) * number / 599 for number in range(600)]
        found = [Scored(Example(1, {}, number), at[number]) for number in range(600)]
        earlier, later = quality.split(found)
        assert len(later) == tested
        assert [one.value for one in [*earlier, *later]] == list(range(600))

    @pytest.mark.usefixtures("scored")
    def test_learns_the_latest_from_the_earliest(self, papers: list[Provider]) -> None:
        """Scores are ordered by publication, not by how they were stored."""
        first = write(papers[0], 7, published_at=NOW - timedelta(days=900))
        assert quality.scores()[0] == Scored(
            Example(papers[0].pk, quality.scores()[0].example.facts, 7), first.published_at
        )

    def test_leaves_out_suggestions_that_editors_took(self, papers: list[Provider]) -> None:
        articles = [write(papers[0], None) for _ in range(3)]
        for article, is_suggested in zip(articles, (True, True, False), strict=True):
            change = replace(newsdesk.set_quality(article, 58), is_suggested=is_suggested)
            newsdesk.perform(change, by=None)
        articles[1].refresh_from_db()
        newsdesk.perform(newsdesk.set_quality(articles[1], 40), by=None)
        assert sorted(one.example.value for one in quality.scores()) == [40, 58]

    @pytest.mark.usefixtures("scored")
    def test_is_on_while_it_is_better(
        self, papers: list[Provider], capsys: pytest.CaptureFixture[str]
    ) -> None:
        one = write(papers[0], None)
        call_command("fit_quality", "--format=json")
        printed = json.loads(capsys.readouterr().out)
        assert printed["is_on"]
        assert printed["error"] < 3 < printed["baseline_error"]
        assert (printed["learned"], printed["tested"]) == (120, 24)
        assert suggested_quality([one])
        call_command("fit_quality")
        assert "suggestions of quality are on" in capsys.readouterr().out

    def test_is_switched_off_when_it_is_not_better_than_the_mean(
        self, papers: list[Provider], scored: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        one = write(papers[0], None)
        quality.refit()
        assert suggested_quality([one])
        # From now on, each paper always gets the same score. The mean does not err.
        for pk, provider in Article.objects.values_list("pk", "provider"):
            same = 58 if provider == papers[0].pk else 30
            Article.objects.filter(pk=pk).exclude(quality=None).update(quality=same)
        call_command("fit_quality")
        assert "suggestions of quality are off" in capsys.readouterr().out
        assert QualityModel.objects.count() == 1
        assert suggested_quality([one]) == {}

    @pytest.mark.parametrize("count", [0, 1, 49])
    def test_few_scores_suggest_nothing(self, papers: list[Provider], count: int) -> None:
        for number in range(count):
            has_picture = number % 2
            write(papers[0], 50 + 10 * has_picture, has_picture=bool(has_picture))
        assert not quality.refit().is_better
        assert suggested_quality([write(papers[0], None)]) == {}


@pytest.mark.django_db(transaction=True)
class TestUnit:
    def test_learns_once_a_day(self, scored: None) -> None:
        def fitted() -> Any:
            refit_quality.enqueue()
            work_off()
            return QualityModel.objects.get().fitted_at

        first = fitted()
        assert fitted() == first
        QualityModel.objects.update(fitted_at=timezone.now() - timedelta(hours=25))
        assert fitted() > first

    def test_a_newsroom_with_few_scores_need_not_wait(self, papers: list[Provider]) -> None:
        write(papers[0], 50)
        quality.refit()
        assert quality.is_due(timezone.now())

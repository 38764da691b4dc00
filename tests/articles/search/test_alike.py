"""Published articles that share rare words with a story."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from articles.models import Article, Related
from articles.search import alike
from tests.factories import NOW, make_article, make_topic

pytestmark = pytest.mark.django_db


def titles(lead: Article) -> list[str]:
    lead.refresh_from_db()
    found = alike(lead.title_words or "", lead.published_at)
    if found is None:
        return []
    names = dict(Article.objects.values_list("pk", "title"))
    with connection.cursor() as cursor:
        cursor.execute(*found)
        return [names[pk] for pk, _ in cursor.fetchall() if pk != lead.pk]


def make(title: str, **columns: Any) -> Article:
    return make_article(title=title, **{"published_at": NOW - timedelta(days=1)} | columns)


def test_most_rare_words_first() -> None:
    lead = make("Harbor bridge opens in Aarhus")
    make("The harbor of Aarhus opens a new bridge")
    make("Bridges of Aarhus")
    make("Aarhus has snow")
    make("A budget", excerpt="For harbors and bridges")
    assert titles(lead)[0] == "The harbor of Aarhus opens a new bridge"
    assert sorted(titles(lead)[1:]) == ["A budget", "Bridges of Aarhus"]


def test_only_published_ones_of_that_time() -> None:
    lead = make("Harbor bridge opens")
    make("Snow")
    make("Harbor bridge unpublished", published=False)
    make("Harbor bridge of long ago", published_at=NOW - timedelta(days=200))
    assert titles(lead) == []


def test_without_a_language() -> None:
    lead = make("東京大学 発表", locale="ja")
    make("Snow over Kyoto", locale="ja")
    make("大学が東京で", locale="ja")
    assert titles(lead) == ["大学が東京で"]
    assert titles(make("★")) == []


class TestOnAStorysPage:
    def test_more_on_this(self, client: Client) -> None:
        topic = make_topic("Rivers")
        lead = make("Harbor bridge opens", topics=(topic,))
        coverage = make("Harbor bridge seen")
        assert coverage.is_published()
        Related.objects.create(article=lead, target=coverage, position=0)
        other = make("Harbor bridge tolls")
        hidden = [
            make("Harbor bridge unpublished", published=False),
            make("Harbor bridge embargoed", publish_from=NOW + timedelta(days=20_000)),
            make("Harbor bridge expired", publish_until=NOW - timedelta(hours=1)),
        ]
        newest = make("Snow", topics=(topic,))
        page = client.get(lead.get_absolute_url())
        assert [one.pk for one in page.context["more"]] == [other.pk]
        text = page.content.decode()
        assert "More on this" in text
        assert not any(one.title in text for one in [*hidden, newest])

    def test_newest_of_the_topic_otherwise(self, client: Client) -> None:
        topic = make_topic("Rivers")
        lead = make("Harbor bridge opens", topics=(topic,))
        other = make("Snow", topics=(topic,))
        page = client.get(lead.get_absolute_url())
        assert page.context["more"] == [other]
        assert "More on Rivers" in page.content.decode()

    def test_follows_what_is_published(self, client: Client) -> None:
        lead = make("Harbor bridge opens")
        make("Snow")
        assert not client.get(lead.get_absolute_url()).context["more"]
        other = make("Harbor bridge tolls")
        assert "Harbor bridge tolls" in client.get(lead.get_absolute_url()).content.decode()
        Article.objects.filter(pk=other.pk).update(title="Weather", published=True)
        assert "More on this" not in client.get(lead.get_absolute_url()).content.decode()

    @pytest.mark.parametrize("count", [0, 8])
    def test_queries(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries, count: int
    ) -> None:
        lead = make("Harbor bridge opens " + "word " * 30, topics=(make_topic("Rivers"),))
        for number in range(count):
            make(f"Harbor bridge {number}")
        # Expect 6 queries: the edition, the article with its provider, topics, images, coverage,
        # other articles.
        with django_assert_num_queries(6):
            page = client.get(lead.get_absolute_url())
        assert len(page.context["more"]) == min(count, 5)

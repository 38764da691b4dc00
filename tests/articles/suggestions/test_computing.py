"""Suggestions are computed, stored and read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from articles import suggestions
from articles.models import Article, Image, Pair, Unsuggested, Word
from articles.suggestions import computing, loading
from tests.factories import NOW, make_article, relate

pytestmark = pytest.mark.django_db

FILLER = [
    "weather",
    "market",
    "budget",
    "council",
    "traffic",
    "school",
    "library",
    "garden",
    "harbor",
    "museum",
]


def write(title: str, excerpt: str = "", **overrides: Any) -> Article:
    article = make_article(title=title, excerpt=excerpt, **{"published_at": NOW} | overrides)
    Unsuggested.objects.add([article.pk], are_new=True)
    return article


@pytest.fixture
def paper() -> None:
    """Store reports that have nothing to do with those of a test, so that some words are rare."""
    for number, word in enumerate(FILLER):
        write(f"The {word} of today", f"What we know about {word} number {number}.")


@pytest.fixture
def storm(paper: None) -> list[Article]:
    """Store two reports of a storm."""
    return [
        write("Storm Ylva floods Aarhus", "Water stood in the streets of Aarhus."),
        write(
            "Much water as storm Ylva reaches Aarhus",
            "The storm came at night.",
            published_at=NOW - timedelta(hours=3),
        ),
    ]


class TestCatchUp:
    def test_pairs_reports_of_the_same_event(self, storm: list[Article]) -> None:
        assert suggestions.catch_up() == len(FILLER) + 2
        for one, other in (storm, storm[::-1]):
            best = suggestions.for_article(one)[0]
            assert best.other == other
            assert best.why == [
                "both name: Aarhus, Ylva",
                "both use rare words: storm, water",
                "3 hours apart",
            ]
        assert not suggestions.is_due()

    def test_an_edit_replaces_pairs(self, storm: list[Article]) -> None:
        suggestions.catch_up()
        first = storm[0]
        first.title, first.excerpt = "Elections in Peru", "Lima votes."
        first.save()
        Unsuggested.objects.add([first.pk])
        suggestions.catch_up()
        assert storm[1] not in [one.other for one in suggestions.for_article(first)]
        assert first not in [one.other for one in suggestions.for_article(storm[1])]

    def test_verdicts_stay(self, storm: list[Article]) -> None:
        suggestions.catch_up()
        pair = suggestions.for_article(storm[0])[0].pair
        Pair.objects.filter(pk=pair.pk).update(verdict=Pair.Verdict.REFUSED)
        Unsuggested.objects.add(one.pk for one in storm)
        suggestions.catch_up()
        assert Pair.objects.get(pk=pair.pk).verdict == Pair.Verdict.REFUSED
        assert storm[1] not in [one.other for one in suggestions.for_article(storm[0])]

    def test_counts_words_once(self, storm: list[Article]) -> None:
        suggestions.catch_up()
        wanted = {"": len(FILLER) + 2, "aarhus": 2, "ylva": 2, "know": len(FILLER)}
        assert Word.objects.counts(wanted) == wanted
        Unsuggested.objects.add([storm[0].pk])
        suggestions.catch_up()
        assert Word.objects.counts(wanted) == wanted

    def test_deleted_articles_are_forgotten(self, storm: list[Article]) -> None:
        storm[0].delete()
        suggestions.catch_up()
        assert not Unsuggested.objects.exists()
        storm[1].delete()
        assert not Pair.objects.of([storm[1].pk]).exists()

    def test_what_is_written_meanwhile_stays_due(
        self, storm: list[Article], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        find = computing._find

        def find_while_somebody_writes(articles: Any) -> Any:
            found = find(articles)
            Unsuggested.objects.add([storm[0].pk])
            return found

        while suggestions.computing.count_words():
            pass
        monkeypatch.setattr(computing, "_find", find_while_somebody_writes)
        suggestions.catch_up(most=1)
        assert Unsuggested.objects.filter(article=storm[0]).exists()

    def test_far_apart(self, paper: None) -> None:
        one = write("Storm Ylva floods Aarhus")
        other = write("Storm Ylva floods Aarhus", published_at=NOW - timedelta(days=15))
        suggestions.catch_up()
        assert other not in [found.other for found in suggestions.for_article(one)]


class TestPictures:
    def picture(self, *articles: Article) -> None:
        for article in articles:
            Image.objects.create(article=article, position=0, url="https://a.example/1.png")

    def test_finds_articles_without_a_word_in_common(self, paper: None) -> None:
        one, other = write("Storm Ylva floods Aarhus"), write("Oversvømmelse ved kysten")
        self.picture(one, other)
        suggestions.catch_up()
        best = suggestions.for_article(one)[0]
        assert best.other == other
        assert "same picture" in best.why

    def test_many_share_a_logo(self, paper: None) -> None:
        articles = [write("Storm Ylva floods Aarhus"), write("Oversvømmelse ved kysten")]
        articles += Article.objects.exclude(pk__in=[one.pk for one in articles])[: loading.FEW]
        self.picture(*articles)
        suggestions.catch_up()
        assert suggestions.for_article(articles[0]) == []


class TestDuplicates:
    TEXT = "The harbor of Aarhus was closed on Monday night after storm Ylva pushed water into town"

    def test_excerpts(self, paper: None) -> None:
        one = write("Harbor closed", self.TEXT)
        other = write("Storm Ylva", f"{self.TEXT} and more.")
        suggestions.catch_up()
        (found,) = suggestions.for_article(one, kind=Pair.Kind.DUPLICATE)
        assert found.other == other
        assert found.why == ["100 % of the excerpt is identical"]

    def test_headlines(self, paper: None) -> None:
        one, other = write("Storm Ylva floods Aarhus"), write("STORM Ylva floods Aarhus!")
        suggestions.catch_up()
        (found,) = suggestions.for_article(one, kind=Pair.Kind.DUPLICATE)
        assert (found.other, found.why) == (other, ["same headline"])


class TestForArticle:
    def test_leaves_out_linked_ones(self, storm: list[Article]) -> None:
        suggestions.catch_up()
        relate(storm[1], storm[0])
        for one, other in (storm, storm[::-1]):
            assert other not in [found.other for found in suggestions.for_article(one)]
            linked = suggestions.for_article(one, include_linked=True)
            assert other in [found.other for found in linked]

    def test_takes_two_queries(
        self, storm: list[Article], django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        suggestions.catch_up()
        articles = [*Article.objects.all()]
        # The pairs, and the other articles.
        with django_assert_num_queries(2):
            found = suggestions.for_articles(articles)
            names = [(str(one.other.provider), one.other.state) for one in found[storm[0].pk]]
        assert names

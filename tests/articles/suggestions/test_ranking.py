"""How articles are compared, without a database."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from articles.suggestions import ranking
from articles.suggestions.duplicates import LEAST_TRIPLES, duplicate
from articles.suggestions.ranking import Likeness
from articles.suggestions.reports import Report
from articles.suggestions.sentences import sentences
from newsroom.words import words
from tests.factories import NOW

COMMON = {"the", "of", "in", "a", "after"}
TEXT = "The harbor of Aarhus was closed on Monday night after storm Ylva pushed water into town"


def weight(word: str) -> float:
    return 0.1 if word in COMMON else 5.0


def report(title: str, excerpt: str = "", hours: float = 0, **overrides: Any) -> Report:
    texts = tuple(words(title)), tuple(words(excerpt))
    return Report(title, excerpt, *texts, NOW + timedelta(hours=hours), **overrides)


def compare(one: Report, other: Report, *pictures: str) -> Likeness:
    weighed = [ranking.weigh(each, weight) for each in (one, other)]
    return ranking.likeness(weighed[0], weighed[1], weight, frozenset(pictures))


class TestLikeness:
    def test_of_the_same(self) -> None:
        one = report("Storm Ylva floods Aarhus", TEXT, pictures=frozenset({"a", "b"}))
        found = compare(one, one, "a")
        assert found.titles == pytest.approx(1)
        assert found.texts == pytest.approx(1)
        assert (found.names, found.hours, found.pictures) == (1, 0, 1)

    def test_of_others(self) -> None:
        one, other = report("Storm Ylva", hours=3), report("Elections in Peru")
        assert compare(one, other) == Likeness(0, 0, 0, math.log(4), 0)

    def test_is_the_same_both_ways(self) -> None:
        one, other = (
            report("Storm Ylva floods Aarhus", TEXT),
            report("After Ylva", "Aarhus dries", 5),
        )
        assert compare(one, other) == compare(other, one)

    def test_without_words(self) -> None:
        assert compare(report("…"), report("!")) == Likeness(0, 0, 0, 0, 0)

    def test_common_pictures_say_nothing(self) -> None:
        one, other = (report(title, pictures=frozenset({"logo"})) for title in ("One", "Two"))
        assert compare(one, other).pictures == 0

    def test_rare_words_say_more(self) -> None:
        own = report("The storm of Aarhus")
        rare, common = report("A storm in Peru"), report("The elections of Peru")
        assert compare(own, rare).titles > compare(own, common).titles


class TestScore:
    def test_each_part_counts(self) -> None:
        nothing = Likeness(0, 0, 0, 0, 0)
        for name in ("titles", "texts", "names", "pictures"):
            parts = {**dict.fromkeys(Likeness.__slots__, 0), name: 1}
            assert ranking.score(Likeness(**parts)) > ranking.score(nothing)
        assert ranking.score(Likeness(0, 0, 0, 1, 0)) < ranking.score(nothing)


class TestReasons:
    def why(self, one: Report, other: Report, *pictures: str) -> list[str]:
        return sentences(ranking.reasons(one, other, weight, 1, frozenset(pictures)))

    def test_names_and_words_as_they_are_spelled(self) -> None:
        one = report("Why storm Ylva flooded the harbor of Aarhus", pictures=frozenset({"a"}))
        other = report("HARBOR OF AARHUS CLOSED", "Storm Ylva came.", 3, pictures=frozenset({"a"}))
        assert self.why(one, other, "a") == [
            "both name: Aarhus, Ylva",
            "both use rare words: harbor, storm",
            "same picture",
            "3 hours apart",
        ]

    def test_capitals_that_are_grammar_are_no_names(self) -> None:
        one = report("Big Storm Floods Town", "Nobody knows UNESCO. Everybody sleeps.")
        assert one.sure_names == {"unesco"}
        assert one.names == {"big", "storm", "floods", "town", "nobody", "unesco", "everybody"}

    @pytest.mark.parametrize(
        ("hours", "said"),
        [
            (0.4, "less than an hour apart"),
            (1.2, "1 hour apart"),
            (47.2, "47 hours apart"),
            (72, "3 days apart"),
        ],
    )
    def test_times(self, hours: float, said: str) -> None:
        assert self.why(report("One"), report("Two", hours=-hours)) == [said]

    def test_of_a_later_version_are_left_out(self) -> None:
        assert sentences([["moon", 3], ["picture"]]) == ["same picture"]


class TestDuplicate:
    def test_shorter_excerpt_within_the_longer_one(self) -> None:
        one, other = report("One", TEXT), report("Two", f"AARHUS: {TEXT}, and much, much more!")
        assert duplicate(one, other) == (1, [["excerpt", 100]])

    def test_part_of_the_excerpt(self) -> None:
        changed = TEXT.replace("pushed", "drove")
        score, why = duplicate(report("One", TEXT), report("Two", changed))
        assert (round(score, 2), why) == (0.79, [["excerpt", 79]])
        assert sentences(why) == ["79 % of the excerpt is identical"]
        half = " ".join(TEXT.split()[:10]) + " and then nobody could leave the old town hall"
        assert duplicate(report("One", TEXT), report("Two", half)) == (0, [])

    def test_short_excerpts_say_nothing(self) -> None:
        short = " ".join(TEXT.split()[: LEAST_TRIPLES + 1])
        assert duplicate(report("One", short), report("Two", short)) == (0, [])

    def test_headline_within_two_weeks(self) -> None:
        one = report("Storm Ylva floods Aarhus")
        assert duplicate(one, report("STORM Ylva floods Aarhus!", hours=335))[1] == [["headline"]]
        assert duplicate(one, report("Storm Ylva floods Aarhus", hours=337)) == (0, [])

    def test_short_headline_says_nothing(self) -> None:
        assert duplicate(report("Live updates"), report("Live updates")) == (0, [])

    def test_headline_of_a_provider_that_reuses_them(self) -> None:
        one = report("The day in pictures", reuses_titles=True)
        other = report("The day in pictures")
        for pair in ((one, other), (other, one)):
            assert duplicate(*pair) == (0, [])

    def test_both(self) -> None:
        one = report("The day in pictures", TEXT)
        score, why = duplicate(one, one)
        assert (score, why) == (1, [["excerpt", 100], ["headline"]])

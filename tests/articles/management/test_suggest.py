"""The command ``suggest``."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from articles.models import Article, FormerSlug, Pair, Unsuggested
from tests.factories import NOW, make_article, relate

pytestmark = pytest.mark.django_db

TEXT = "The harbor of Aarhus was closed on Monday night after storm Ylva pushed water into town."


def write(slug: str, title: str, excerpt: str, **overrides: Any) -> Article:
    values: dict[str, Any] = {
        "slug": slug,
        "title": title,
        "excerpt": excerpt,
        "published_at": NOW,
    } | overrides
    article = make_article(**values)
    Unsuggested.objects.add([article.pk], are_new=True)
    return article


@pytest.fixture
def articles() -> list[Article]:
    """Store three reports of a storm, one of them twice, and others."""
    for word in ("weather", "market", "budget", "council", "traffic", "school"):
        write(word, f"The {word} of today", f"What we know about the {word} after today.")
    return [
        write("first", "Storm Ylva floods Aarhus", TEXT),
        write("second", "Aarhus harbor closed", f"{TEXT} More soon."),
        write("third", "Why Aarhus dries after Ylva", "", published_at=NOW + timedelta(hours=3)),
        write("link", "Ylva and Aarhus", "", coverage_only=True, quality=None),
    ]


def lines(capsys: pytest.CaptureFixture[str], *arguments: Any) -> list[dict[str, Any]]:
    call_command("suggest", *arguments, "--format=json")
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.usefixtures("articles")
class TestSuggest:
    def test_computes_what_is_due_and_prints_a_line_for_each(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        found = lines(capsys)
        assert [one["slug"] for one in found] == sorted(one["slug"] for one in found)
        assert len(found) == 9
        (first,) = (one for one in found if one["slug"] == "first")
        assert {one["slug"] for one in first["related"]} >= {"second", "third", "link"}
        scores = [one["score"] for one in first["related"]]
        assert scores == sorted(scores, reverse=True)
        assert first["duplicates"] == [
            {"slug": "second", "why": ["100 % of the excerpt is identical"]}
        ]
        assert first["quality"] is None
        (third,) = (one for one in first["related"] if one["slug"] == "third")
        assert third["why"] == ["both name: Aarhus, Ylva", "3 hours apart"]

    def test_some_as_many_as_wanted(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = lines(capsys, "third", "first", "--limit=1")
        assert [one["slug"] for one in found] == ["third", "first"]
        assert [len(one["related"]) for one in found] == [1, 1]

    def test_includes_linked_ones_but_not_refused_ones(
        self, articles: list[Article], capsys: pytest.CaptureFixture[str]
    ) -> None:
        relate(articles[0], articles[1])
        lines(capsys)
        pair = {"first": articles[0], "second": articles[2], "kind": Pair.Kind.EVENT}
        Pair.objects.filter(**pair).update(verdict=Pair.Verdict.REFUSED)
        (first,) = lines(capsys, "first", "--limit=9")
        slugs = [one["slug"] for one in first["related"]]
        assert "second" in slugs
        assert "third" not in slugs

    def test_former_slug(self, articles: list[Article], capsys: pytest.CaptureFixture[str]) -> None:
        FormerSlug.objects.remember({"old": (articles[0].pk, articles[0].address_key)})
        assert lines(capsys, "old") == lines(capsys, "first")

    def test_for_people(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("suggest", "third")
        first, *rest = capsys.readouterr().out.splitlines()
        assert first == "third: Why Aarhus dries after Ylva"
        assert "  same event? first: both name: Aarhus, Ylva; 3 hours apart" in rest

    def test_unknown_slug(self) -> None:
        with pytest.raises(CommandError, match="no article with the slug nothing") as failure:
            call_command("suggest", "first", "nothing")
        assert failure.value.returncode == 2

"""Suggestions in the newsdesk's API, and accepting and refusing them."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from articles.api.newsdesk.serializers import SUGGESTED
from articles.models import Article, Pair
from articles.roles import Role
from tests.articles.api.desk import address_of, by_session, do, problem_of, undo_of
from tests.articles.states import CASES
from tests.factories import make_article, make_pair, make_source, make_user, relate

pytestmark = pytest.mark.django_db

WHO: Final = 4
"""Queries that load the user: session, user, permissions (2)."""
CANARY: Final = "q4t8Hk=;aW5qZWN0ZWQ="


@pytest.fixture
def user() -> User:
    return make_user(Role.EDITOR)


@pytest.fixture
def desk(user: User) -> Client:
    return by_session(user)


@pytest.fixture
def article() -> Article:
    return make_article(slug="2026-03-01-storm")


def told(desk: Client, article: Article) -> Any:
    response = desk.get(address_of(article, "suggestions"))
    assert response.status_code == 200, response.content
    assert response["Cache-Control"] == "no-store"
    return response.json()


class TestRead:
    def test_are_those_of_the_command(
        self, desk: Client, article: Article, capsys: pytest.CaptureFixture[str]
    ) -> None:
        linked = make_article(title="Linked <b>")
        relate(article, linked)
        names = [["names", "Aarhus", "Ylva"], ["hours", 3]]
        make_pair(article, linked, score=4.25, reasons=names)
        make_pair(article, make_article(), score=0.1)
        make_pair(article, make_article(), kind=Pair.Kind.DUPLICATE, reasons=[["excerpt", 82]])
        found = told(desk, article)
        call_command("suggest", article.slug, "--format=json")
        printed = json.loads(capsys.readouterr().out)
        assert found["slug"] == printed["slug"] == article.slug
        for kind, keys in (("related", ("slug", "score", "why")), ("duplicates", ("slug", "why"))):
            assert [{key: one[key] for key in keys} for one in found[kind]] == printed[kind]
        assert found["quality"] is printed["quality"] is None
        assert found["related"][0] == {
            "slug": linked.slug,
            "title": "Linked <b>",
            "provider": linked.provider.name,
            "score": 4.25,
            "why": ["both name: Aarhus, Ylva", "3 hours apart"],
            "verdict": None,
        }

    def test_of_articles_in_every_state(self, desk: Client, article: Article) -> None:
        others = [case.make() for case in CASES]
        for other in others:
            make_pair(article, other)
            assert [one["slug"] for one in told(desk, other)["related"]] == [article.slug]
        shown = {one["slug"] for one in told(desk, article)["related"]}
        assert len(shown) == SUGGESTED < len(others)
        assert shown <= {other.slug for other in others}

    def test_none(self, desk: Client, article: Article) -> None:
        nothing: dict[str, Any] = {"related": [], "duplicates": [], "quality": None}
        assert told(desk, article) == {"slug": article.slug, **nothing}

    def test_fail_no_such_article(self, desk: Client) -> None:
        problem_of(desk.get(address_of("nothing", "suggestions")), 404)

    def test_have_nothing_secured(self, desk: Client, article: Article) -> None:
        other = make_article()
        make_source(other, secured=CANARY)
        make_pair(article, other)
        assert CANARY not in json.dumps(told(desk, article))

    def test_queries_do_not_grow(
        self, desk: Client, article: Article, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for _ in range(9):
            for kind in Pair.Kind:
                make_pair(article, make_article(), kind=kind)
        # Expect 6 besides the user's: article; pairs and their articles (2 each); the model of
        # qualities.
        with django_assert_num_queries(WHO + 6):
            assert len(told(desk, article)["related"]) == 9


class TestDecide:
    def test_accept_and_undo(self, desk: Client, article: Article) -> None:
        other = make_article()
        make_pair(article, other)
        done = do(desk, article, "relate", {"slugs": [other.slug]})
        assert told(desk, article)["related"][0]["verdict"] == "accepted"
        desk.post(undo_of(done["act"]), content_type="application/json")
        assert told(desk, article)["related"][0]["verdict"] is None

    def test_refuse_and_undo(self, desk: Client, article: Article, user: User) -> None:
        other = make_article()
        make_pair(article, other)
        done = do(desk, article, "refuse", {"slugs": [other.slug], "reason": "another town"})
        assert done["consequences"] == []
        # A refusal is no new version, so the next decision needs no new read.
        assert {one["version"] for one in done["articles"]} == {1}
        assert told(desk, article)["related"][0]["verdict"] == "refused"
        (entry,) = desk.get(address_of(other, "history")).json()["value"]
        assert (entry["verb"], entry["by"], entry["reason"]) == (
            "refuse",
            user.username,
            "another town",
        )
        desk.post(undo_of(done["act"]), content_type="application/json")
        assert told(desk, article)["related"][0]["verdict"] is None

    def test_once_per_key(self, desk: Client, article: Article) -> None:
        other = make_article()
        body = {"slugs": [other.slug]}
        first = do(desk, article, "refuse", body, key="one")
        assert do(desk, article, "refuse", body, key="one") == first
        assert Pair.objects.get().verdict == Pair.Verdict.REFUSED

    def test_preview(self, desk: Client, article: Article) -> None:
        other = make_article()
        assert do(desk, article, "refuse", {"slugs": [other.slug]}, preview=True)["act"] is None
        assert not Pair.objects.exists()

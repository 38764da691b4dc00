"""When two requests with the same key or version arrive at once, only one decides."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from django.db import connections
from django.test import Client

from articles import newsdesk
from articles.models import Act, Article, KeptAnswer
from articles.newsdesk import RefusedError
from articles.roles import Role
from tests.articles.api.desk import address_of, by_token, problem_of, send
from tests.factories import make_article, make_user

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

PATIENCE: Final = 30
"""Seconds before a test gives up."""
BLOCKED: Final = 0.5
"""A request that does not wait has been answered after this many seconds."""


class Pair:
    """Two requests; the second arrives while the first is being processed."""

    def __init__(self) -> None:
        self.is_acting, self.may_go_on = threading.Event(), threading.Event()
        self.refused = False

    def perform(self, change: newsdesk.Change, **options: Any) -> Act:
        """Make a decision; the first call pauses before it writes."""
        if not self.is_acting.is_set():
            self.is_acting.set()
            assert self.may_go_on.wait(PATIENCE)
            if self.refused:
                raise RefusedError("Refused.")
        return PERFORM(change, **options)

    def answers(self, first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
        """Return both responses."""
        found: list[Any] = [None, None]

        def ask(index: int, request: Callable[[], Any]) -> None:
            try:
                found[index] = request()
            finally:
                connections.close_all()

        threads = [threading.Thread(target=ask, args=pair) for pair in enumerate((first, second))]
        threads[0].start()
        assert self.is_acting.wait(PATIENCE)
        threads[1].start()
        threads[1].join(BLOCKED)
        assert threads[1].is_alive(), found[1]
        self.may_go_on.set()
        for thread in threads:
            thread.join(PATIENCE)
        return found


PERFORM: Final = newsdesk.perform


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    made = Pair()
    monkeypatch.setattr(newsdesk, "perform", made.perform)
    yield made
    made.may_go_on.set()


@pytest.fixture
def program() -> Client:
    return by_token(make_user(Role.EDITOR))


def test_one_key_is_one_act(pair: Pair, program: Client) -> None:
    article = make_article()

    def score() -> Any:
        return send(program, address_of(article, "score"), {"quality": 33}, version=1, key="k")

    first, second = pair.answers(score, score)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert Act.objects.count() == KeptAnswer.objects.count() == 1
    assert Article.objects.get().version == 2


def test_one_key_for_two_requests_is_a_mistake(pair: Pair, program: Client) -> None:
    article = make_article()
    address = address_of(article, "score")
    first, second = pair.answers(
        lambda: send(program, address, {"quality": 33}, version=1, key="k"),
        lambda: send(program, address, {"quality": 34}, version=1, key="k"),
    )
    assert first.status_code == 200
    problem_of(second, 422)
    assert Article.objects.get().quality == 33


def test_the_key_of_a_refused_request_can_be_used_again(pair: Pair, program: Client) -> None:
    article = make_article()
    pair.refused = True

    def score() -> Any:
        return send(program, address_of(article, "score"), {"quality": 33}, version=1, key="k")

    first, second = pair.answers(score, score)
    problem_of(first, 409)
    assert second.status_code == 200
    assert Act.objects.count() == 1


def test_of_two_with_one_version_one_wins(pair: Pair, program: Client) -> None:
    article = make_article()
    other = by_token(make_user(Role.EDITOR))
    first, second = pair.answers(
        lambda: send(program, address_of(article, "score"), {"quality": 33}, version=1),
        lambda: send(other, address_of(article, "edit"), {"title": "Lost"}, version=1),
    )
    assert first.status_code == 200
    problem = problem_of(second, 412)
    assert problem["version"] == 2
    assert [one["act"] for one in problem["meanwhile"]] == [first.json()["act"]]
    assert Article.objects.get().title == article.title

"""A process does not query the edition at every request, and survives a failing database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import OperationalError
from django.test import Client

from articles.models import Article
from articles.site import known_edition
from articles.tracking import editions
from tests.factories import make_article

pytestmark = pytest.mark.django_db

QueryCount = Callable[[int], Any]


class Clock:
    """A monotonic clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Clock:
    settings.EDITION_SECONDS, settings.STALE_SECONDS = 1, 60
    made = Clock()
    monkeypatch.setattr(known_edition, "_known", None)
    monkeypatch.setattr(known_edition, "monotonic", made)
    return made


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[None]]:
    """Return a function that makes the database fail. Its result grows with each try."""

    def fail() -> list[None]:
        tries: list[None] = []

        def refuse(*_: object) -> None:
            tries.append(None)
            raise OperationalError("connection refused")

        monkeypatch.setattr(editions, "current", refuse)
        return tries

    return fail


class TestAsking:
    def test_once_a_second(
        self, client: Client, clock: Clock, django_assert_num_queries: QueryCount
    ) -> None:
        make_article(title="Xylophone")
        page = client.get("/").content
        Article.objects.update(title="Marimba")
        clock.now += 0.9
        with django_assert_num_queries(0):
            assert client.get("/").content == page
        clock.now += 0.2
        assert b"Marimba" in client.get("/").content

    def test_again_after_this_process_may_have_written(self, client: Client) -> None:
        make_article(title="Xylophone")
        client.get("/")
        Article.objects.update(title="Marimba")
        client.post("/admin/login/")
        assert b"Marimba" in client.get("/").content

    def test_every_time_with_a_setting_of_0(self, client: Client, settings: LazySettings) -> None:
        settings.EDITION_SECONDS = 0
        make_article(title="Xylophone")
        client.get("/")
        Article.objects.update(title="Marimba")
        assert b"Marimba" in client.get("/").content


class TestFailingDatabase:
    def test_stored_pages_are_served_for_a_while(
        self,
        client: Client,
        clock: Clock,
        fail: Callable[[], list[None]],
        settings: LazySettings,
    ) -> None:
        make_article()
        page = client.get("/").content
        tries = fail()
        clock.now += 59
        for _ in range(5):
            assert client.get("/").content == page
        # The others did not wait for a connection.
        assert len(tries) == 1
        # Nobody can tell a proxy when this page is outdated.
        settings.PURGE_URL = "http://proxy.example/"
        assert "stale-if-error" not in client.get("/")["Cache-Control"]
        clock.now += 2
        client.raise_request_exception = False
        response = client.get("/")
        assert response.status_code == 503
        assert response["Retry-After"] == "10"
        assert response["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(
        ("path", "kind"), [("/", "text/html"), ("/api/v1/news/", "application/problem+json")]
    )
    def test_says_so_without_a_stored_page(
        self, client: Client, fail: Callable[[], list[None]], path: str, kind: str
    ) -> None:
        fail()
        client.raise_request_exception = False
        response = client.get(path)
        assert response.status_code == 503
        assert response["Content-Type"].startswith(kind)
        assert int(response["Retry-After"]) > 0

    def test_a_failing_view_of_the_api(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise OperationalError("connection refused")

        monkeypatch.setattr("articles.api.news.NewsView.get", refuse)
        client.raise_request_exception = False
        response = client.get("/api/v1/news/")
        assert response.status_code == 503
        assert response.json()["detail"].startswith("The database does not answer.")

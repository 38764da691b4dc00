"""Rules for every URL of the API: methods, errors, throttling, CORS and caching."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from articles.api import hub
from tests.articles.api.reading import PROBLEM, read, refuse
from tests.factories import make_article

pytestmark = pytest.mark.django_db

ADDRESSES = [
    "/api/news/index.json",
    "/api/v1/news/",
    "/api/v1/topics/",
    "/api/v1/providers/",
]
addresses = pytest.mark.parametrize("address", ADDRESSES)


class TestMethods:
    @addresses
    def test_head_is_get_without_its_body(self, client: Client, address: str) -> None:
        make_article()
        got, headed = client.get(address), client.head(address)
        assert headed.content == b""
        assert headed.headers == got.headers

    @addresses
    def test_options(self, client: Client, address: str) -> None:
        response = client.options(address)
        assert response.status_code == 204
        assert response["Allow"] == "GET, HEAD, OPTIONS"

    @addresses
    def test_fail_others(self, client: Client, address: str) -> None:
        for method in ("post", "put", "patch", "delete", "trace"):
            response = getattr(client, method)(address)
            assert response.status_code == 405, method
            assert response["Content-Type"] == PROBLEM, method
            assert response["Allow"] == "GET, HEAD, OPTIONS", method


class TestProblems:
    def test_nowhere(self, client: Client) -> None:
        for address in (
            "/api/",
            "/api/nothing/",
            "/api/nothing.json",
            "/api/v1/",
            "/api/v2/news/",
            "/api/v1/news/never-was/",
            "/api/v1/stories/never-was/",
            "/api/v1/topics/never-was/",
            "/api/v1/providers/never-was.example/",
            "/api/v1/news/a%00b/",
            "/api/v1/news/%ff/",
        ):
            problem = refuse(client, address, 404)
            assert problem["title"] == "Not Found", address
            assert problem["detail"].startswith("Not found."), address
            assert client.get(address)["Cache-Control"] == "no-store", address

    def test_a_missing_slash_is_added(self, client: Client) -> None:
        response = client.get("/api/v1/news?limit=1")
        assert response.status_code == 301
        assert response["Location"] == "/api/v1/news/?limit=1"

    @addresses
    def test_unknown_parameters_are_errors(self, client: Client, address: str) -> None:
        problem = refuse(client, address, 400, secured="1", quality="2")
        assert [one["parameter"] for one in problem["errors"]] == ["secured", "quality"]
        assert all(one["detail"] for one in problem["errors"])

    def test_of_a_failure(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*_args: object) -> None:
            raise RuntimeError("Secret")

        monkeypatch.setattr(hub, "written", fail)
        make_article()
        response = Client(raise_request_exception=False).get("/api/news/index.json")
        assert response.status_code == 500
        assert response["Content-Type"] == PROBLEM
        assert b"Secret" not in response.content
        assert "Secret" in caplog.text
        with pytest.raises(RuntimeError):
            # Listeners for failures are notified.
            Client().get("/api/news/index.json")


class TestThrottling:
    def test_says_when_to_come_back(self, client: Client, settings: Settings) -> None:
        settings.API_RATE = 2
        make_article()
        for number in range(2):
            read(client, "/api/v1/news/", limit=number + 1)
        response = client.get("/api/v1/news/", {"limit": 3})
        assert response.status_code == 429
        assert response["Content-Type"] == PROBLEM
        assert 0 < int(response["Retry-After"]) <= 60
        # Responses from the page cache are cheap, so they do not count.
        read(client, "/api/v1/news/", limit=1)
        # Each IP address has its own count, and a forged header does not change that.
        read(Client(REMOTE_ADDR="192.0.2.1"), "/api/v1/news/", limit=3)
        liar = Client(headers={"X-Forwarded-For": "192.0.2.7"})
        assert liar.get("/api/v1/news/", {"limit": 4}).status_code == 429

    def test_none_without_a_rate(self, client: Client, settings: Settings) -> None:
        settings.API_RATE = 0
        for number in range(5):
            read(client, "/api/v1/news/", limit=number + 1)


class TestCors:
    ORIGIN = "https://app.example"

    @addresses
    def test_any_origin_may_read(self, client: Client, address: str) -> None:
        for query in ({}, {}, {"x": 1}):
            response = client.get(address, query, headers={"Origin": self.ORIGIN})
            assert response["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in response
            assert "ETag" in response["Access-Control-Expose-Headers"]
        # The page cache never stores a response that would be wrong for another origin.
        assert "Access-Control-Allow-Origin" not in client.get(address)

    def test_listed_origins_may_read(self, client: Client, settings: Settings) -> None:
        settings.CORS_ALLOW_ALL_ORIGINS = False
        settings.CORS_ALLOWED_ORIGINS = [self.ORIGIN, "https://other.example"]
        for origin in settings.CORS_ALLOWED_ORIGINS:
            response = client.get("/api/v1/news/", headers={"Origin": origin})
            assert response["Access-Control-Allow-Origin"] == origin
            assert "origin" in response["Vary"]
        for headers in ({"Origin": f"{self.ORIGIN}.evil.example"}, {}):
            response = client.get("/api/v1/news/", headers=headers)
            assert "Access-Control-Allow-Origin" not in response
            assert "origin" in response["Vary"]

    def test_preflight(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        headers = {"Origin": self.ORIGIN, "Access-Control-Request-Method": "GET"}
        with django_assert_num_queries(0):
            response = client.options("/api/v1/news/", headers=headers)
        assert response.status_code == 200
        assert response["Access-Control-Allow-Origin"] == "*"
        assert response["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
        assert "If-None-Match" in response["Access-Control-Allow-Headers"]

    def test_pages_have_no_cors_headers(self, client: Client) -> None:
        response = client.get("/", headers={"Origin": self.ORIGIN})
        assert not [name for name in response.headers if name.lower().startswith("access-control")]


class TestCaching:
    @addresses
    def test_the_same_for_everybody_and_never_stale(
        self, client: Client, address: str, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        make_article()
        first = client.get(address, headers={"Accept-Encoding": "br"})
        assert first["Cache-Control"] == "public, max-age=0, s-maxage=1, stale-while-revalidate=2"
        assert first["Vary"] == "Accept-Encoding, origin"
        assert first["Content-Encoding"] == "br"
        client.force_login(User.objects.create(username="somebody"))
        with django_assert_num_queries(1):
            again = client.get(address, headers={"If-None-Match": first["ETag"]})
        assert again.status_code == 304
        assert not again.cookies
        make_article()
        assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 200

    @pytest.mark.parametrize("accept", ["text/html", "application/xml", "x", ""])
    def test_always_json(self, client: Client, accept: str) -> None:
        response = client.get("/api/v1/news/", headers={"Accept": accept})
        assert response["Content-Type"] == "application/json"


class TestPages:
    def test_docs_ask_no_other_host(self, client: Client) -> None:
        html = client.get("/api/docs/").content.decode()
        assert "//" not in html
        assert "<style" not in html
        assert "style=" not in html
        assert 'data-schema="/api/schema/"' in html

    def test_schema(self, client: Client) -> None:
        response = client.get("/api/schema/")
        assert response["Content-Type"] == "application/vnd.oai.openapi+json"
        schema: Any = response.json()
        assert schema["openapi"].startswith("3.1")
        assert "/api/v1/news/{slug}/" in schema["paths"]
        names = [one["operationId"] for path in schema["paths"].values() for one in path.values()]
        assert len(names) == len(set(names)) == 29

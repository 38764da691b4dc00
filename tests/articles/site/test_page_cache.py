"""Cached pages are never stale and never private; unchanged pages answer 304."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import brotli
import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from articles import newsdesk
from articles.models import Article, Edition
from articles.site import page_cache
from tests.factories import make_article, make_topic, make_user

pytestmark = pytest.mark.django_db

QueryCount = Callable[[int], Any]


def settle() -> None:
    """Make the edition more than a second old; until then its date is not sent."""
    Edition.objects.update(begun_at=timezone.now() - timedelta(minutes=5))


class TestStored:
    def test_costs_one_query(self, client: Client, django_assert_num_queries: QueryCount) -> None:
        make_article(title="Xylophone")
        first = client.get("/")
        # Expect 1 query: the edition.
        with django_assert_num_queries(1):
            second = client.get("/")
        assert second.content == first.content
        assert second.headers == first.headers
        assert b"Xylophone" in second.content

    def test_has_every_header(self, client: Client) -> None:
        make_article()
        client.get("/")
        response = client.get("/")

        for name in ("Content-Security-Policy", "X-Frame-Options", "Permissions-Policy", "ETag"):
            assert response[name]
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cache-Control"] == "public, no-cache"
        assert response["Vary"] == "Accept-Encoding"

    def test_is_for_everybody(self, client: Client) -> None:
        make_article()
        anonymous = client.get("/").content
        client.force_login(make_user(username="Zanzibar", is_superuser=True))

        response = client.get("/")
        assert response.content == anonymous
        assert not response.cookies

    @pytest.mark.parametrize("address", ["/admin/", "/admin/login/", "/healthz", "/readyz"])
    def test_private_answers_are_not_stored(self, client: Client, address: str) -> None:
        make_article()
        client.force_login(make_user(is_superuser=True))
        assert "ETag" not in client.get(address).headers

    def test_pages_of_a_host_are_its_own(self, client: Client, settings: LazySettings) -> None:
        settings.ALLOWED_HOSTS = ["one.example", "two.example"]
        make_article()
        tags = {
            client.get("/", headers={"host": f"{name}.example"})["ETag"] for name in ("one", "two")
        }

        assert len(tags) == 2
        assert client.get("/", headers={"host": "three.example"}).status_code == 400

    def test_answers_that_depend_on_cookies_are_not_stored(self) -> None:
        answer = HttpResponse(headers={"Cache-Control": "public, no-cache"})
        assert page_cache._may_be_stored(answer)
        answer["Vary"] = "Accept-Encoding, Cookie"
        assert not page_cache._may_be_stored(answer)

    def test_pages_of_a_language_are_its_own(self, client: Client) -> None:
        make_article()
        client.get("/")
        with translation.override("es"):
            assert '<html lang="es"' in client.get("/").content.decode()
        assert '<html lang="es"' not in client.get("/").content.decode()

    def test_answers_up_to_a_size(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        make_article()
        size = len(client.get("/latest/").content)
        for largest, queries in ((size, 1), (size - 1, 2)):
            cache.clear()
            monkeypatch.setattr(page_cache, "LARGEST", largest)
            client.get("/latest/")
            with CaptureQueriesContext(connection) as asked:
                client.get("/latest/")
            assert min(len(asked), 2) == queries, largest

    def test_not_while_debugging(self, client: Client, settings: LazySettings) -> None:
        settings.DEBUG = True
        make_article()

        assert "ETag" not in client.get("/").headers


class TestNeverStale:
    def test_after_an_act(self, client: Client) -> None:
        article = make_article(title="Xylophone")
        assert b"Xylophone" in client.get("/").content
        newsdesk.perform(newsdesk.hold(article), by=None, reason="Wrong.")

        assert b"Xylophone" not in client.get("/").content
        assert client.get(f"/news/{article.slug}/").status_code == 404

    def test_after_any_write(self, client: Client) -> None:
        topic = make_topic("Zebras")
        make_article(topics=(topic,))
        client.get("/")
        topic.name = "Okapis"
        topic.save()

        assert b"Okapis" in client.get("/").content

    def test_when_an_embargo_ends(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        now = timezone.now()
        make_article(title="Xylophone", publish_from=now + timedelta(hours=1))
        make_article(title="Marimba", publish_until=now + timedelta(hours=1))
        html = client.get("/").content
        assert b"Marimba" in html
        assert b"Xylophone" not in html
        monkeypatch.setattr(timezone, "now", lambda: now + timedelta(hours=2))

        html = client.get("/").content
        assert b"Marimba" not in html
        assert b"Xylophone" in html


class TestConditional:
    def test_not_modified_by_etag(
        self, client: Client, django_assert_num_queries: QueryCount
    ) -> None:
        make_article()
        etag = client.get("/")["ETag"]
        # Expect 1 query: the edition.
        with django_assert_num_queries(1):
            response = client.get("/", headers={"if-none-match": f'"x", {etag}'})
        assert response.status_code == 304
        assert response.content == b""
        assert response["ETag"] == etag
        assert response["Cache-Control"] == "public, no-cache"

    def test_changed_by_tag(self, client: Client) -> None:
        make_article()
        etag = client.get("/")["ETag"]
        make_article()

        assert client.get("/", headers={"if-none-match": etag}).status_code == 200

    def test_a_tag_is_of_one_page(self, client: Client) -> None:
        make_article()
        etag = client.get("/")["ETag"]

        for address in ("/latest/", "/news/2026-03-01-never-was/"):
            assert client.get(address, headers={"if-none-match": etag}).status_code != 304

    def test_not_modified_by_date(self, client: Client) -> None:
        make_article()
        settle()
        date = client.get("/")["Last-Modified"]

        assert client.get("/", headers={"if-modified-since": date}).status_code == 304
        make_article()
        assert client.get("/", headers={"if-modified-since": date}).status_code == 200

    def test_no_date_while_the_second_lasts(self, client: Client) -> None:
        make_article()

        assert "Last-Modified" not in client.get("/").headers

    def test_empty_values_have_no_tag(self, client: Client) -> None:
        draft = make_article(quality=10)

        for slug in (draft.slug, "2026-03-01-never-was"):
            headers = client.get(f"/news/{slug}/").headers
            assert "ETag" not in headers
            assert "Last-Modified" not in headers


class TestCompression:
    @pytest.mark.parametrize(
        ("accepted", "used", "read"),
        [
            ("gzip, deflate, br", "br", brotli.decompress),
            ("gzip", "gzip", gzip.decompress),
            ("gzip, br;q=0", "gzip", gzip.decompress),
        ],
    )
    def test_as_accepted(
        self, client: Client, accepted: str, used: str, read: Callable[[bytes], bytes]
    ) -> None:
        make_article()
        plain = client.get("/").content
        for _ in range(2):
            response = client.get("/", headers={"accept-encoding": accepted})
            assert response["Content-Encoding"] == used
            assert int(response["Content-Length"]) == len(response.content) < len(plain)
            assert read(response.content) == plain

    def test_not_unasked(self, client: Client) -> None:
        make_article()

        assert "Content-Encoding" not in client.get("/").headers


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_lost_is_made_again(client: Client) -> None:
    make_article()
    page = client.get("/").content
    assert connection.connection is not None
    lost = connection.connection.info.backend_pid
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [lost])
    other.close()

    assert client.get("/").content == page
    assert connection.connection.info.backend_pid != lost


def test_only_published_articles_are_in_tags(client: Client) -> None:
    """An ETag reveals that something changed, but not what."""
    make_article()
    etag = client.get("/")["ETag"]
    Article.objects.update(title="Xylophone")

    assert len(client.get("/")["ETag"]) == len(etag)

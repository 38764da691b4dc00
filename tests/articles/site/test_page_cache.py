"""Cached pages are never stale and never private; unchanged pages answer 304."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta
from time import time
from typing import Any

import brotli
import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from articles import newsdesk
from articles.models import Article, Edition
from articles.site import page_cache
from tests.factories import make_article, make_topic, make_user

pytestmark = pytest.mark.django_db

CACHE_CONTROL = "public, max-age=0, s-maxage=1, stale-while-revalidate=2"
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
        assert response["Cache-Control"] == CACHE_CONTROL
        assert response["Vary"] == "Accept-Encoding"

    def test_may_be_served_by_a_proxy_while_the_site_is_down(
        self, client: Client, settings: LazySettings
    ) -> None:
        """Only by one that is emptied after each change."""
        settings.PURGE_URL = "http://proxy.example/"
        make_article()
        expected = f"{CACHE_CONTROL}, stale-if-error=600"
        made, stored = client.get("/"), client.get("/")
        unchanged = client.get("/", headers={"If-None-Match": made["ETag"]})
        assert unchanged.status_code == 304
        assert [one["Cache-Control"] for one in (made, stored, unchanged)] == [expected] * 3

    def test_is_for_everybody(self, client: Client) -> None:
        make_article()
        anonymous = client.get("/").content
        client.force_login(make_user(username="Zanzibar", is_superuser=True))

        response = client.get("/")
        assert response.content == anonymous
        assert not response.cookies

    @pytest.mark.parametrize(
        "address", ["/admin/", "/admin/login/", "/healthz", "/readyz", "/metrics"]
    )
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
        answer = HttpResponse(headers={"Cache-Control": CACHE_CONTROL})
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


class TestMadeUpAddresses:
    """Strangers can make up queries, hosts and ports. All of these share a few entries."""

    def test_take_a_limited_share_of_the_cache(
        self, client: Client, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(page_cache, "PLACES", 4)
        settings.ALLOWED_HOSTS = ["*"]
        make_article()
        stored: set[str] = set()
        monkeypatch.setattr(page_cache.store, "set", lambda key, *_: stored.add(key), raising=False)
        for number in range(40):
            client.get(f"/search/?q=word{number}")
            client.get(f"/?made-up={number}")
            client.get("/", headers={"host": f"testserver:{number + 1000}"})
        assert 0 < len(stored) <= 4

    @pytest.mark.parametrize(
        ("site", "host", "is_made_up"),
        [
            ("", "testserver", False),
            ("", "testserver:80", False),
            ("", "testserver:81", True),
            ("https://news.example", "news.example", False),
            ("https://news.example", "www.news.example", True),
            ("https://news.example:8443", "news.example:8443", False),
        ],
    )
    def test_hosts(
        self, rf: RequestFactory, settings: LazySettings, site: str, host: str, is_made_up: bool
    ) -> None:
        settings.SITE_URL = site
        assert page_cache._is_made_up(rf.get("/", headers={"host": host})) is is_made_up

    def test_are_stored_until_another_page_replaces_them(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: QueryCount
    ) -> None:
        monkeypatch.setattr(page_cache, "PLACES", 1)
        make_article(title="Xylophone")
        first = client.get("/search/?q=xylophone").content
        # Expect 1 query: the edition.
        with django_assert_num_queries(1):
            assert client.get("/search/?q=xylophone").content == first
        assert client.get("/search/?q=marimba").content != first
        assert client.get("/search/?q=xylophone").content == first

    def test_large_ones_are_not_stored(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_article()
        size = len(client.get("/?a=1").content)
        monkeypatch.setattr(page_cache, "LARGEST_IN_PLACE", size - 1)
        cache.clear()
        for _ in range(2):
            with CaptureQueriesContext(connection) as asked:
                client.get("/?a=1")
            assert len(asked) > 1


class TestOneMaker:
    """Only one process at a time renders a page."""

    def former(self, client: Client, made_ago: float) -> bytes:
        """Store a page, change its edition, and pretend that another process renders the next."""
        article = make_article(title="Xylophone")
        page = client.get("/").content
        (key,) = (
            key
            for key in cache._cache  # type: ignore[attr-defined]
            if "page:" in key
        )
        key = key.removeprefix(":1:")
        cache.set(key, cache.get(key)._replace(made_at=time() - made_ago))
        Article.objects.filter(pk=article.pk).update(title="Marimba")
        cache.add(f"{key}:making", True, 60)
        return page

    def test_serves_a_recent_former_page(self, client: Client) -> None:
        page = self.former(client, 0.5)
        response = client.get("/")
        assert response.content == page
        tag = response["ETag"]
        # The tag is the former page's, so that nobody takes it for the current one.
        cache.clear()
        assert client.get("/")["ETag"] != tag

    def test_never_serves_an_old_one(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(page_cache, "_WAIT", 0)
        self.former(client, page_cache.RECENT + 1)
        assert b"Marimba" in client.get("/").content

    def test_waits_for_the_other_process(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_article(title="Xylophone")
        page = client.get("/").content
        (key,) = (
            key.removeprefix(":1:")
            for key in cache._cache  # type: ignore[attr-defined]
            if "page:" in key
        )
        stored = cache.get(key)
        cache.delete(key)
        cache.add(f"{key}:making", True, 60)
        # Instead of sleeping, the other one finishes.
        monkeypatch.setattr(page_cache, "sleep", lambda _: cache.set(key, stored))
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/").content == page
        assert len(asked) == 1

    def test_renders_the_page_if_the_other_process_fails(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page = self.former(client, page_cache.RECENT + 1)
        (making,) = (
            key.removeprefix(":1:")
            for key in cache._cache  # type: ignore[attr-defined]
            if "making" in key
        )
        monkeypatch.setattr(page_cache, "sleep", lambda _: cache.delete(making))
        assert client.get("/").content != page

    def test_leaves_no_mark_behind(self, client: Client) -> None:
        make_article()
        for path in ("/", "/latest/", "/news/never-was/"):
            client.get(path)
        assert not [key for key in cache._cache if "making" in key]  # type: ignore[attr-defined]


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
        assert response["Cache-Control"] == CACHE_CONTROL

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
def test_reconnects_after_a_lost_connection(client: Client) -> None:
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

"""Feeds: content, visibility, order and number of queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from articles.models import Article, Image
from articles.site.feeds.views import FEED_SIZE
from tests.articles.site.feeds.reading import FORMATS, HERE, entry_of, read
from tests.articles.states import CASES, make_all, names
from tests.factories import (
    NOW,
    make_article,
    make_provider,
    make_source,
    make_superseded,
    make_topic,
    relate,
)

pytestmark = pytest.mark.django_db

QueryCount = Callable[[int], Any]
formats = pytest.mark.parametrize("ending", FORMATS)


def feeds_naming(article: Article, topic: str) -> list[str]:
    """Return the URLs of all feeds that could contain an article, in every format."""
    paths = ("", "latest/", f"topics/{topic}/", f"providers/{article.provider.domain}/")
    return [f"/{path}feed.{ending}" for path in paths for ending in FORMATS]


class TestWhoIsIn:
    def test_lists_only_what_is_published(self, client: Client) -> None:
        topic, provider = make_topic("Apes", slug="apes"), make_provider()
        articles = {}
        for case in CASES:
            words = {"title": f"Title-{case}.", "excerpt": f"Excerpt-{case}."}
            articles[case.name] = article = case.make(**words, topics=(topic,), provider=provider)
            image = {"url": f"https://a.example/image-{case}.jpg", "title": f"Caption-{case}."}
            Image.objects.create(article=article, position=0, **image)
        for address in feeds_naming(articles["published"], topic.slug):
            ids = [entry.id for entry in read(client, address).entries]
            listed = {name for name, one in articles.items() if f"{HERE}/news/{one.slug}/" in ids}
            assert listed == names(200), address
            text = client.get(address).content.decode()
            for canary in ("Title-{}.", "Excerpt-{}.", "image-{}.jpg"):
                told = {name for name in articles if canary.format(name) in text}
                assert told == names(200), (address, canary)
            told = {name for name in articles if f"Caption-{name}." in text}
            assert told <= names(200), address

    def test_of_a_story(self, client: Client) -> None:
        articles = {case: case.make(title=f"Title-{case}.") for case in CASES}
        for ending in FORMATS:
            nowhere = client.get(f"/news/2026-03-01-never-was/feed.{ending}")
            for case, article in articles.items():
                address = f"/news/{article.slug}/feed.{ending}"
                response = client.get(address)
                assert response.status_code == case.status, (case, ending)
                assert client.head(address).status_code == case.status, (case, ending)
                if case.status == 200:
                    assert f"Title-{case}." in response.content.decode(), (case, ending)
                elif case.status == 302:
                    lead = article.lead()
                    assert lead is not None
                    assert response["Location"] == f"/news/{lead.slug}/feed.{ending}"
                    assert response.content == b""
                else:
                    assert response.content == nowhere.content, (case, ending)
                    assert response.headers == nowhere.headers, (case, ending)

    def test_coverage_shows_no_excerpts_and_images(self, client: Client) -> None:
        topic = make_topic("Apes", slug="apes")
        # Each article has a lead of its own, so that no story's feed mixes two cases.
        stories = {}
        for case in CASES:
            words = {"title": "Xylophone", "excerpt": "Zither", "body": "Oboe"}
            article = case.make(**words, topics=(topic,))
            Image.objects.create(article=article, position=0, url="https://a.example/quokka.jpg")
            stories[case] = lead = make_article()
            relate(lead, article)
            is_out = article.state in {"held", "withdrawn", "scheduled", "expired"}
            is_shown = Article.objects.coverage().filter(pk=article.pk).exists()
            assert not (is_out and is_shown), case
            for ending in FORMATS:
                text = client.get(f"/news/{lead.slug}/feed.{ending}").content.decode()
                assert ("Xylophone" in text) is is_shown, (case, ending)
                for canary in ("Zither", "Oboe", "quokka", "Apes"):
                    assert canary not in text, (case, ending)
        for ending in FORMATS:
            assert client.get(f"/topics/none/feed.{ending}").status_code == 404

    def test_secured_never_appears(self, client: Client) -> None:
        topic = make_topic("Apes", slug="apes")
        article = make_article(topics=(topic,))
        make_source(article, secured="Q0FOQVJZ;Q0FOQVJZ")
        for address in (*feeds_naming(article, "apes"), f"/news/{article.slug}/feed.json"):
            assert b"Q0FOQVJZ" not in client.get(address).content

    @formats
    def test_lists_only_the_topic_or_provider(self, client: Client, ending: str) -> None:
        topic, provider = make_topic("Apes"), make_provider()
        about, by_it = make_article(topics=(topic,)), make_article(provider=provider)
        make_article()

        address = f"/topics/{topic.slug}/feed.{ending}"
        assert entry_of(client, address).id == f"{HERE}/news/{about.slug}/"
        address = f"/providers/{provider.domain}/feed.{ending}"
        assert entry_of(client, address).id == f"{HERE}/news/{by_it.slug}/"


class TestSearch:
    def test_finds_only_what_is_published(self, client: Client) -> None:
        articles = make_all(title="Xylophone", excerpt="Zither")
        expected = sorted(f"{HERE}/news/{articles[name].slug}/" for name in names(200))
        for ending in FORMATS:
            feed = read(client, f"/search/feed.{ending}?q=xylophone")
            assert sorted(entry.id for entry in feed.entries) == expected, ending

    @formats
    def test_follows_the_same_question(self, client: Client, ending: str) -> None:
        newest = make_article(title="Big apes")
        make_article(title="Zebras")
        for _ in range(FEED_SIZE):
            make_article(title="Apes & co")
        for words, query, title in (
            ("apes", "q=apes", "Newsroom: Search for apes"),
            ("", "", "Newsroom: Search"),
        ):
            ask = f"?{query}" if query else ""
            feed = read(client, f"/search/feed.{ending}{ask}")
            assert feed.title == title
            assert feed.itself == f"{HERE}/search/feed.{ending}{ask}"
            assert feed.link == f"{HERE}/search/{ask}"
            assert len(feed.entries) == FEED_SIZE
            assert feed.entries[0].id == f"{HERE}/news/{newest.slug}/"
            following = read(client, feed.next)
            assert len(following.entries) == (1 if words else 2)
            assert following.link == feed.link
            assert following.itself == feed.next

    @formats
    def test_any_words(self, client: Client, ending: str) -> None:
        words = ['"', "-", "\0", "\x01", "]]>", "<b>&amp;", "é" * 5000, "' OR 1=1", "\ud83d😀"]
        for text in words:
            query = urlencode({"q": text}, errors="surrogatepass")
            feed = read(client, f"/search/feed.{ending}?{query}")
            assert feed.entries == [], text[:20]


class TestOrder:
    @formats
    def test_top_and_latest(self, client: Client, ending: str) -> None:
        cold = make_article(published_at=NOW, quality=70, slug="2026-03-01-b")
        hot = make_article(published_at=NOW - timedelta(days=1), quality=900)
        other = make_article(published_at=NOW, quality=70, slug="2026-03-01-a")

        def slugs(address: str) -> list[str]:
            return [entry.id.split("/")[-2] for entry in read(client, address).entries]

        assert slugs(f"/feed.{ending}") == [hot.slug, other.slug, cold.slug]
        assert slugs(f"/latest/feed.{ending}") == [other.slug, cold.slug, hot.slug]

    @formats
    def test_fifty_and_where_there_are_more(self, client: Client, ending: str) -> None:
        provider = make_provider()
        expected = [
            make_article(provider=provider, topics=(make_topic(),), published_at=NOW).slug
            for _ in range(FEED_SIZE * 2 + 3)
        ]
        seen: list[str] = []
        sizes = []
        address = f"/providers/{provider.domain}/feed.{ending}"
        while address:
            feed = read(client, address)
            assert feed.itself == HERE + address.removeprefix(HERE)
            seen += [entry.id.split("/")[-2] for entry in feed.entries]
            sizes.append(len(feed.entries))
            address = feed.next
        assert sizes == [FEED_SIZE, FEED_SIZE, 3]
        assert seen == sorted(expected)

    def test_a_story_has_one_page(self, client: Client) -> None:
        story = make_article()
        address = f"/news/{story.slug}/feed.json"
        assert read(client, f"{address}?after=x").itself == HERE + address

    def test_a_story_newest_first(self, client: Client) -> None:
        hour = timedelta(hours=1)
        lead = make_article(published_at=NOW)
        after = make_article(published_at=NOW + hour, coverage_only=True)
        equal = make_article(published_at=NOW, slug="2026-03-01-z", coverage_only=True)
        before = make_article(published_at=NOW - hour, coverage_only=True)
        relate(lead, before, equal, after)
        for ending in FORMATS:
            entries = read(client, f"/news/{lead.slug}/feed.{ending}").entries
            slugs = [entry.id.split("/")[-2] for entry in entries]
            assert slugs == [after.slug, lead.slug, equal.slug, before.slug]


@formats
class TestFeed:
    def test_says_what_it_is(self, client: Client, settings: Settings, ending: str) -> None:
        settings.SITE_NAME, settings.SITE_TAGLINE = "The <Desk>", "News & more"
        settings.SITE_LOGO = "/media/logo.png"
        story = make_article(title="A &amp; B", published_at=NOW)
        make_topic("Äpfel & Birnen")
        make_provider(name="The Paper", domain="paper.example")
        for path, name in (
            ("/", "Top stories"),
            ("/latest/", "Latest"),
            (f"/news/{story.slug}/", "A & B"),
            ("/topics/%C3%A4pfel-and-birnen/", "Äpfel & Birnen"),
            ("/providers/paper.example/", "The Paper"),
        ):
            feed = read(client, f"{path}feed.{ending}")
            assert feed.title == f"The <Desk>: {name}"
            assert feed.link == HERE + path
            assert feed.itself == f"{HERE}{path}feed.{ending}"
            assert feed.description == "News & more"
            assert feed.language == "en-us"
            assert feed.logo == f"{HERE}/media/logo.png"
            assert feed.next == ""

    def test_addresses_by_setting(self, client: Client, settings: Settings, ending: str) -> None:
        settings.SITE_URL = "https://news.example"
        article = make_article()
        feed = read(client, f"/feed.{ending}")

        assert feed.link == "https://news.example/"
        assert feed.itself == f"https://news.example/feed.{ending}"
        assert feed.entries[0].id == f"https://news.example/news/{article.slug}/"
        assert b"testserver" not in client.get(f"/feed.{ending}").content

    def test_empty(self, client: Client, ending: str) -> None:
        first = client.get(f"/feed.{ending}").content
        feed = read(client, f"/feed.{ending}")

        assert feed.entries == []
        # The content does not change over time.
        assert client.get(f"/feed.{ending}").content == first
        assert feed.updated is None or feed.updated.year == 2000

    def test_headers(self, client: Client, ending: str) -> None:
        response = client.get(f"/feed.{ending}")

        assert response["Access-Control-Allow-Origin"] == "*"
        assert "public" in response["Cache-Control"]
        assert "max-age=0" in response["Cache-Control"]
        assert "Set-Cookie" not in response
        assert "Cookie" not in response.get("Vary", "")

    def test_head(self, client: Client, ending: str) -> None:
        make_article()
        response = client.head(f"/feed.{ending}")

        assert response.status_code == 200
        assert response.content == b""

    def test_fail_post(self, client: Client, ending: str) -> None:
        assert client.post(f"/feed.{ending}").status_code == 405

    def test_fail_unknown(self, client: Client, ending: str) -> None:
        for path in ("/topics/none/", "/providers/none.example/", "/news/none/"):
            assert client.get(f"{path}feed.{ending}").status_code == 404, path

    def test_fail_invalid_cursor(self, client: Client, ending: str) -> None:
        for after in ("x", ",", "2026-03-01T12:00:00,a", "nan,a", "1,a\0b"):
            for path in ("/", "/latest/", "/search/"):
                response = client.get(f"{path}feed.{ending}", {"after": after})
                assert response.status_code == 404, (path, after)


class TestUnknownFormat:
    def test_fail(self, client: Client) -> None:
        article = make_article()
        for ending in ("", "xml", "RSS", "rss/", "rssx", "html", "json.rss"):
            for path in ("/", "/latest/", f"/news/{article.slug}/"):
                assert client.get(f"{path}feed.{ending}").status_code == 404, (path, ending)


class TestQueries:
    @formats
    def test_constant(
        self, client: Client, django_assert_num_queries: QueryCount, ending: str
    ) -> None:
        topic, provider = make_topic("Apes"), make_provider()
        for size in (1, 12):
            for number in range(size):
                lead = make_article(topics=(topic, make_topic()), provider=provider)
                Image.objects.create(article=lead, position=0, url="https://a.example/1.jpg")
                relate(lead, *(make_article(coverage_only=True) for _ in range(number % 9)))
            for path, count in {
                # Expect: edition; stories with providers, topics, images, coverage.
                "": 5,
                "latest/": 5,
                f"news/{lead.slug}/": 5,
                # Expect one more for the topic or the provider.
                "topics/apes/": 6,
                f"providers/{provider.domain}/": 6,
            }.items():
                cache.clear()
                with django_assert_num_queries(count):
                    assert client.get(f"/{path}feed.{ending}").status_code == 200
            cache.clear()
            with CaptureQueriesContext(connection) as captured:
                assert client.get(f"/search/feed.{ending}?q=story").status_code == 200
            # On SQLite an extra query finds out whether the words are common.
            assert len(captured) <= 6

    def test_unpublished_article(
        self, client: Client, django_assert_num_queries: QueryCount
    ) -> None:
        superseded = make_superseded()
        # Expect: edition; no published article, the superseded one, its lead.
        with django_assert_num_queries(4):
            assert client.get(f"/news/{superseded.slug}/feed.rss").status_code == 302

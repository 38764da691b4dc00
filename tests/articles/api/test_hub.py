"""The hub's URLs return the hub's JSON, key for key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from articles import documents
from articles.api.hub import PAGE_SIZE
from articles.documents import DocumentImage, DocumentProvider
from articles.models import Article, Topic
from tests.articles.api.reading import read, refuse
from tests.articles.documents.documents import CORPUS, needs_corpus
from tests.articles.samples import NOON, SEEDS, document, load, put
from tests.articles.states import CASES, names
from tests.factories import NOW, make_article, make_superseded, make_topic, relate

pytestmark = pytest.mark.django_db

FIRST = "/api/news/index.json"
KEYS = [
    *("path", "title", "excerpt", "sourceUrl", "webUrl", "originalUrl", "featuredContent"),
    *("highlight", "heat", "tags", "images", "content", "type", "ampWebUrl", "cdnAmpWebUrl"),
    *("publishedDateTime", "updatedDateTime", "provider", "locale", "categories", "topics"),
]
PLAYER = re.compile(r"/embed/([\w-]+)")
QueryCount = Callable[[int], Any]


def everything(client: Client, below: str = "/api/news") -> list[dict[str, Any]]:
    """Return the items of all pages."""
    items: list[dict[str, Any]] = []
    page = read(client, f"{below}/index.json")
    assert page["page"] == 1
    for _ in range(100):
        items += page["value"]
        if page["nextPage"] is None:
            return items
        assert len(page["value"]) == PAGE_SIZE
        assert page["nextPage"] == page["page"] + 1
        page = read(client, f"{below}/page{page['nextPage']}/index.json")
    raise AssertionError("more than 100 pages")


def paths(items: list[dict[str, Any]]) -> list[str]:
    return [item["path"] for item in items]


def comparable(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item with parsed times and without its sanitized HTML."""
    times = ("publishedDateTime", "updatedDateTime")
    moments = {name: item[name] and datetime.fromisoformat(item[name]) for name in times}
    return item | moments | {"featuredContent": None}


@needs_corpus
class TestCorpus:
    """The hub's documents give the same responses here as on the hub."""

    @pytest.fixture
    def hub(self, client: Client) -> Client:
        load(CORPUS / "_news", CORPUS / "_data")
        return client

    def test_equals_the_hubs_answer(self, hub: Client) -> None:
        expected = json.loads((CORPUS / "expected-api-news.json").read_text())["value"]
        found = everything(hub)

        assert len(found) == len(expected) == 26
        for ours, theirs in zip(found, expected, strict=True):
            assert list(ours) == list(theirs)
            assert list(ours["provider"]) == list(theirs["provider"])
            assert comparable(ours) == comparable(theirs)
            # The HTML is sanitized, and the player matches.
            assert (player := PLAYER.search(theirs["featuredContent"] or "")) is None or (
                f"/embed/{player[1]}" in ours["featuredContent"]
                and "sandbox=" in ours["featuredContent"]
            )
            assert (ours["featuredContent"] is None) is (theirs["featuredContent"] is None)

    def test_topics_follow_from_the_documents(self, hub: Client) -> None:
        found = [
            documents.parse(path.name, path.read_bytes())
            for path in sorted((CORPUS / "_news").iterdir())
        ]
        published = [one for one in found if one.published]
        published.sort(key=lambda one: one.published_at, reverse=True)
        names = {topic.slug: topic.name for topic in Topic.objects.all()}
        assert len(names) == 7
        for slug, name in names.items():
            expected = [one.title for one in published if name in one.topics]
            ours = everything(hub, f"/api/news/{slug}")
            assert [item["title"] for item in ours] == expected


class TestItem:
    def test_of_a_document(self, client: Client, tmp_path: Path) -> None:
        one = document(
            title="Bridge “opens” &#8217;",
            excerpt="It is\nlong.",
            original_url="https://daily.example/o",
            amp_url="https://daily.example/amp",
            cdn_amp_url="https://cdn.example/amp",
            updated_at=NOON + timedelta(microseconds=500),
            heat=90,
            published=True,
            body="\nText.\n",
            topics=("Rivers", "Bridges"),
            provider=DocumentProvider(
                "The Daily",
                "daily.example",
                (DocumentImage("https://daily.example/50.png", 50, 50),),
            ),
            images=(
                DocumentImage(
                    "https://daily.example/1.jpg",
                    640,
                    None,
                    "A bridge",
                    "A. Credit",
                    is_cached=True,
                ),
                DocumentImage("https://daily.example/2.jpg"),
            ),
        )
        put(tmp_path, "2024-05-01-bridge-opens.md", one)
        load(tmp_path)
        (item,) = everything(client)

        assert list(item) == KEYS
        assert item == {
            "path": "_news/2024-05-01-bridge-opens.md",
            "title": "Bridge “opens” &#8217;",
            "excerpt": "It is\nlong.",
            "sourceUrl": None,
            "webUrl": "https://daily.example/bridge",
            "originalUrl": "https://daily.example/o",
            "featuredContent": None,
            "highlight": None,
            "heat": 90,
            "tags": None,
            "images": [
                {
                    "url": "https://daily.example/1.jpg",
                    "width": 640,
                    "height": None,
                    "title": "A bridge",
                    "attribution": "A. Credit",
                    "isCached": True,
                },
                {
                    "url": "https://daily.example/2.jpg",
                    "width": None,
                    "height": None,
                    "title": None,
                    "attribution": None,
                    "isCached": False,
                },
            ],
            "content": "\r\nText.\r\n",
            "type": "article",
            "ampWebUrl": "https://daily.example/amp",
            "cdnAmpWebUrl": "https://cdn.example/amp",
            "publishedDateTime": "2024-05-01T12:00:00Z",
            "updatedDateTime": "2024-05-01T12:00:00.000500Z",
            "provider": {
                "name": "The Daily",
                "domain": "daily.example",
                "images": [
                    {
                        "url": "https://daily.example/50.png",
                        "width": 50,
                        "height": 50,
                        "title": None,
                        "attribution": None,
                        "isCached": False,
                    }
                ],
                "publishers": None,
                "authors": None,
            },
            "locale": "en-us",
            "categories": ["news"],
            "topics": ["Rivers", "Bridges"],
        }

    def test_without_anything(self, client: Client) -> None:
        make_article(
            excerpt="", web_url="", original_url="https://a.example/1", quality=None, published=True
        )
        (item,) = everything(client)

        filled = [name for name, value in item.items() if value is not None]
        assert filled == [
            *("path", "title", "originalUrl", "content", "type"),
            *("publishedDateTime", "provider", "locale"),
        ]
        assert item["provider"]["images"] is None

    def test_the_seeds(self, client: Client) -> None:
        load(SEEDS)
        (item,) = everything(client)

        assert item["provider"]["name"] == "New York Post"
        assert item["originalUrl"] is None
        for canary in ("secured", "cCzEkQlCDx0BeO4l", "Jl+DAc2P0Pc"):
            assert canary not in json.dumps(item)

    def test_featured_content_is_sanitized(self, client: Client) -> None:
        hostile = '<p onclick="x">Film</p><script>alert(1)</script><iframe srcdoc="x"></iframe>'
        article = make_article(featured_content=hostile)
        (item,) = everything(client)
        one = read(client, f"/api/v1/news/{article.slug}/")
        for content in (item["featuredContent"], one["featuredContent"]):
            assert "Film" in content
            assert not re.search("onclick|script|srcdoc", content)

    def test_only_safe_urls(self, client: Client) -> None:
        make_article(amp_url="javascript:alert(1)", cdn_amp_url="data:text/html,x")
        (item,) = everything(client)

        assert item["ampWebUrl"] is None
        assert item["cdnAmpWebUrl"] is None


class TestListing:
    def test_lists_only_what_is_published(self, client: Client) -> None:
        topic = make_topic("Zebras")
        articles = {
            case.name: case.make(
                title=f"Title-{case}.", excerpt=f"Excerpt-{case}.", topics=(topic,)
            )
            for case in CASES
        }
        for below in ("/api/news", "/api/news/zebras"):
            items = everything(client, below)
            listed = {
                name for name, one in articles.items() if f"_news/{one.slug}.md" in paths(items)
            }
            assert listed == names(200), below
            for canary in ("Title-{}.", "Excerpt-{}."):
                found = {name for name in articles if canary.format(name) in str(items)}
                assert found == names(200), (below, canary)

    def test_order_and_pages(self, client: Client) -> None:
        topic = make_topic("Zebras")
        articles = [
            make_article(
                published_at=NOW - timedelta(microseconds=number // 7),
                topics=(topic,) if number % 2 else (),
            )
            for number in range(PAGE_SIZE * 3)
        ]
        articles.sort(key=lambda one: (-one.published_at.timestamp(), one.slug))
        articles.sort(key=lambda one: one.published_at, reverse=True)
        expected = [f"_news/{one.slug}.md" for one in articles]
        filed = [f"_news/{one.slug}.md" for one in articles if one.topic_links.exists()]

        assert paths(everything(client)) == expected
        assert paths(everything(client, "/api/news/zebras")) == filed
        last = read(client, "/api/news/page3/index.json")
        assert (last["page"], len(last["value"]), last["nextPage"]) == (3, PAGE_SIZE, None)

    def test_page_one_by_its_number(self, client: Client) -> None:
        make_article()
        assert client.get("/api/news/page1/index.json").json() == client.get(FIRST).json()

    def test_empty(self, client: Client) -> None:
        assert read(client, FIRST) == {"page": 1, "value": [], "nextPage": None}

    def test_minimum_heat(self, client: Client) -> None:
        for heat in (70, 80, 90):
            make_article(quality=heat)
        make_article(quality=None, published=True)

        def heats(**parameters: Any) -> list[int]:
            return sorted(item["heat"] for item in read(client, FIRST, **parameters)["value"])

        assert heats(minimum_heat=80) == [80, 90]
        assert heats(minimum_heat=0) == [70, 80, 90]

    @pytest.mark.parametrize("text", ["", "x", "-1", "7.5", "9" * 5000, "\uff11", "1e3", "\0"])
    def test_fail_minimum_heat(self, client: Client, text: str) -> None:
        problem = refuse(client, FIRST, 400, minimum_heat=text)
        assert problem["errors"][0]["parameter"] == "minimum_heat"

    def test_fail_parameter(self, client: Client) -> None:
        assert "minimum_heat" in refuse(client, FIRST, 400, secured="1")["detail"]

    @pytest.mark.parametrize(
        "below",
        [
            "page0",
            "page2",
            "page1000000000",
            "page1000000001",
            f"page{10**30}",
            f"page{'9' * 5000}",
            "page-1",
            "pagex",
            "nothing",
            "nothing/page1",
            "zebras/page2",
            "a%00b",
        ],
    )
    def test_fail_nowhere(self, client: Client, below: str) -> None:
        make_article(topics=(make_topic("Zebras"),))
        refuse(client, f"/api/news/{below}/index.json", 404)

    def test_a_topic_with_only_drafts_is_unknown(self, client: Client) -> None:
        topic = make_topic("Zebras", source={"name": "Zebras"})
        make_article(topics=(topic,), quality=10)
        hidden = client.get("/api/news/zebras/index.json")
        nowhere = client.get("/api/news/apes/index.json")

        assert hidden.status_code == 404
        assert hidden.content == nowhere.content

    def test_a_topic_of_the_catalog_is_known(self, client: Client) -> None:
        make_topic("Zebras", source={"name": "Zebras", "is_file": True})
        assert everything(client, "/api/news/zebras") == []

    def test_queries(self, client: Client, django_assert_num_queries: QueryCount) -> None:
        for size in (1, PAGE_SIZE + 5):
            topic = make_topic(f"Zebras {size}")
            for number in range(size):
                lead = make_article(topics=(topic, make_topic()))
                relate(lead, *(make_article(coverage_only=True) for _ in range(number % 3)))
            # Expect 6 queries: the edition, the page's slugs, articles with providers, their
            # topics, images, coverage.
            with django_assert_num_queries(6):
                read(client, FIRST)
            with django_assert_num_queries(6):
                read(client, f"/api/news/{topic.slug}/index.json", minimum_heat=1)
        # Expect 3 queries: the edition, no slugs, no topic.
        with django_assert_num_queries(3):
            refuse(client, "/api/news/nothing/index.json", 404)

    def test_reports_behind_a_lead_are_not_listed(self, client: Client) -> None:
        make_superseded(make_article(title="Lead"), title="Xylophone")
        assert [item["title"] for item in everything(client)] == ["Lead"]
        assert Article.objects.count() == 2

"""``/api/v1/news/`` and ``stories/``: content, visibility, order and number of queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from articles.api.items import FIELDS, MOST_COVERAGE, TEXT_FIELDS
from articles.api.news import FILTERS
from articles.models import Act, ActChange, Article, Image
from articles.site.filters import ArticleFilter
from tests.articles.api.reading import read, refuse
from tests.articles.states import CASES, Case
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

NEWS = "/api/v1/news/"
MAX_PAGES = 200
"""More pages than any list here has, so that endless paging fails."""
QueryCount = Callable[[int], Any]
cases = pytest.mark.parametrize("case", CASES, ids=str)


def pages(client: Client, address: str = NEWS, **parameters: Any) -> list[dict[str, Any]]:
    """Follow ``next`` to the end and return all items."""
    items: list[dict[str, Any]] = []
    page = read(client, address, **parameters)
    for _ in range(MAX_PAGES):
        items += page["value"]
        if page["next"] is None:
            return items
        assert page["next"].startswith(f"http://testserver{address}?")
        page = read(client, page["next"].removeprefix("http://testserver"))
    raise AssertionError(f"more than {MAX_PAGES} pages")


def slugs(items: list[dict[str, Any]]) -> list[str]:
    return [item["slug"] for item in items]


class TestItem:
    def test_has_the_words_of_the_document(self, client: Client) -> None:
        provider = make_provider(name="The Paper", domain="paper.example")
        article = make_article(
            slug="2026-03-01-bridge",
            category="news",
            title="Bridge &#8220;opens&#8221;",
            excerpt="It is\nlong. ",
            body="\nText.\n",
            web_url="https://paper.example/1",
            amp_url="https://paper.example/amp",
            cdn_amp_url="javascript:alert(1)",
            published_at=NOW,
            updated_at=NOW + timedelta(hours=1),
            provider=provider,
            topics=(make_topic("Zebras"), make_topic("Apes")),
        )
        first = {"url": "https://a.example/1.jpg", "width": 640, "height": None}
        Image.objects.create(article=article, position=0, attribution="A. Agency", **first)
        stub = make_article(
            coverage_only=True,
            quality=None,
            web_url="",
            original_url="https://a.example/video",
            type="video",
            title="Film",
            published_at=NOW,
        )
        other = make_superseded(article, quality=30, published_at=NOW - timedelta(hours=1))
        relate(article, stub, other)

        expected = {
            "slug": "2026-03-01-bridge",
            "url": "http://testserver/news/2026-03-01-bridge/",
            "category": "news",
            "type": "article",
            "title": "Bridge “opens”",
            "excerpt": "It is\nlong.",
            "publishedDateTime": "2026-03-01T12:00:00Z",
            "updatedDateTime": "2026-03-01T13:00:00Z",
            "originalUrl": None,
            "webUrl": "https://paper.example/1",
            "ampWebUrl": "https://paper.example/amp",
            "cdnAmpWebUrl": None,
            "heat": 80,
            "locale": "en-us",
            "provider": {"name": "The Paper", "domain": "paper.example"},
            "topics": [{"name": "Zebras", "slug": "zebras"}, {"name": "Apes", "slug": "apes"}],
            "images": [
                first
                | {
                    "title": None,
                    "attribution": "A. Agency",
                    "color": None,
                    "placeholder": None,
                    "focalPoint": None,
                    "renditions": [],
                }
            ],
            "coverageCount": 2,
            "coverage": [
                {
                    "slug": None,
                    "type": "article",
                    "title": other.title,
                    "publishedDateTime": "2026-03-01T11:00:00Z",
                    "originalUrl": None,
                    "webUrl": other.web_url,
                    "provider": {"name": other.provider.name, "domain": other.provider.domain},
                },
                {
                    "slug": None,
                    "type": "video",
                    "title": "Film",
                    "publishedDateTime": "2026-03-01T12:00:00Z",
                    "originalUrl": "https://a.example/video",
                    "webUrl": None,
                    "provider": {"name": stub.provider.name, "domain": stub.provider.domain},
                },
            ],
        }
        assert pages(client) == [expected]
        texts = {"content": "\nText.\n", "featuredContent": None}
        assert read(client, f"{NEWS}2026-03-01-bridge/") == expected | texts

    def test_fields(self, client: Client) -> None:
        article = make_article(body="Text.")
        assert pages(client, fields="title,heat") == [
            {"slug": article.slug, "title": article.title, "heat": 80}
        ]
        one = read(client, f"{NEWS}{article.slug}/", fields="content")
        assert one == {"slug": article.slug, "content": "Text."}
        assert set(FIELDS) < set(TEXT_FIELDS)

    @pytest.mark.parametrize(
        "fields", ["", "secured", "quality", "title,", "title,decision_reason", "__class__", "\0"]
    )
    def test_fail_fields(self, client: Client, fields: str) -> None:
        article = make_article()
        for address in (NEWS, f"{NEWS}{article.slug}/"):
            problem = refuse(client, address, 400, fields=fields)
            assert problem["errors"][0]["parameter"] == "fields"

    def test_fail_texts_in_a_list(self, client: Client) -> None:
        refuse(client, NEWS, 400, fields="content")

    def test_names_the_best_of_much_coverage(self, client: Client) -> None:
        lead = make_article(quality=95)
        relate(lead, *(make_article(coverage_only=True) for _ in range(MOST_COVERAGE + 1)))
        (item,) = pages(client)

        assert (len(item["coverage"]), item["coverageCount"]) == (MOST_COVERAGE, MOST_COVERAGE + 1)
        story = read(client, f"/api/v1/stories/{lead.slug}/")
        assert len(story["members"]) == MOST_COVERAGE + 2


class TestStates:
    @cases
    def test_shows_only_what_is_published(self, client: Client, case: Case) -> None:
        topic = make_topic("Zebras", source={"name": "Zebras"})
        article = case.make(
            title="Xylophone",
            excerpt="Zither",
            body="Qanun",
            topics=(topic,),
            decision_reason="Because",
            slug="2026-03-01-xylophone",
        )
        make_source(article, secured="Sealed==;Sealed==")
        is_shown = case.status == 200

        assert (article.slug in slugs(pages(client))) is is_shown
        for ordering in ("top", "heat"):
            assert (article.slug in slugs(pages(client, ordering=ordering))) is is_shown
        assert bool(pages(client, q="Xylophone")) is is_shown
        assert bool(pages(client, topic="zebras")) is is_shown
        one = client.get(f"{NEWS}{article.slug}/")
        assert one.status_code == (200 if is_shown else 404)
        story = client.get(f"/api/v1/stories/{article.slug}/")
        assert story.status_code == case.status
        if case.status == 302:
            lead = article.lead()
            assert lead is not None
            assert story["Location"] == f"/api/v1/stories/{lead.slug}/"
        if case.status == 404:
            nowhere = client.get("/api/v1/stories/2026-03-01-never-was/")
            assert story.content == nowhere.content
            assert story.headers == nowhere.headers
        addresses = (
            NEWS,
            "/api/v1/topics/",
            "/api/v1/providers/",
            "/api/news/index.json",
            f"{NEWS}{article.slug}/",
            f"/api/v1/stories/{article.slug}/",
            "/api/v1/topics/zebras/",
            f"/api/v1/providers/{article.provider.domain}/",
        )
        for address in addresses:
            text = client.get(address).content.decode()
            for canary in ("Sealed", "Because"):
                assert canary not in text
            if not is_shown:
                for canary in ("Xylophone", "xylophone", "Zither", "Qanun"):
                    assert canary not in text, address
            # The article that supersedes it is also listed under this topic.
            assert case.status != 404 or "Zebras" not in text

    def test_withdrawn_articles_answer_410(self, client: Client) -> None:
        article = make_article(decision="withdraw")
        act = Act.objects.create(verb=Act.Verb.WITHDRAW, at=timezone.now())
        ActChange.objects.create(
            act=act,
            article=article,
            before={},
            after={},
            version=2,
            published_before=True,
            published_after=False,
        )
        refuse(client, f"{NEWS}{article.slug}/", 410)
        refuse(client, f"/api/v1/stories/{article.slug}/", 410)

    def test_held_coverage_is_not_named(self, client: Client) -> None:
        lead = make_article()
        relate(lead, make_article(decision="hold", title="Xylophone"))
        story = client.get(f"/api/v1/stories/{lead.slug}/").content.decode()

        assert pages(client)[0]["coverage"] == []
        assert "Xylophone" not in story


class TestStory:
    def test_lead_members_and_timeline(self, client: Client) -> None:
        lead = make_article(quality=95, published_at=NOW)
        late = make_article(quality=60, coverage_only=True, published_at=NOW + timedelta(hours=1))
        early = make_article(quality=50, coverage_only=True, published_at=NOW - timedelta(hours=1))
        unscored = make_article(quality=None, coverage_only=True, published_at=NOW)
        relate(lead, unscored, early, late)
        story = read(client, f"/api/v1/stories/{lead.slug}/")

        assert list(story) == ["lead", "members", "timeline"]
        assert story["lead"] == read(client, f"{NEWS}{lead.slug}/")
        titles = [one["title"] for one in story["members"]]
        assert titles == [one.title for one in (lead, late, early, unscored)]
        assert story["members"][0]["slug"] == lead.slug
        times = [one["publishedDateTime"] for one in story["timeline"]]
        assert times == sorted(times)
        assert len(times) == 4


class TestOrder:
    def test_latest_top_and_heat(self, client: Client) -> None:
        old = make_article(quality=100, top_rank=1.0, published_at=NOW - timedelta(days=3))
        new = make_article(quality=70, top_rank=2.0, published_at=NOW)
        mid = make_article(quality=80, top_rank=3.0, published_at=NOW - timedelta(days=1))
        odd = make_article(
            quality=None, published=True, top_rank=0.0, published_at=NOW - timedelta(days=2)
        )

        def order(**parameters: Any) -> list[str]:
            return slugs(pages(client, **parameters))

        latest = [one.slug for one in (new, mid, odd, old)]
        assert order() == order(ordering="latest") == latest
        assert order(ordering="top", limit=1) == [one.slug for one in (mid, new, old, odd)]
        assert order(ordering="heat", limit=1) == [one.slug for one in (old, mid, new, odd)]

    @settings(max_examples=40)
    @given(data=st.data())
    def test_pages_neither_skip_nor_repeat_articles(self, data: st.DataObject) -> None:
        client = Client()
        Article.objects.all().delete()
        numbers = st.integers(0, 3)

        def arrive() -> Article:
            return make_article(
                published_at=NOW + timedelta(seconds=data.draw(numbers)),
                quality=80 + data.draw(numbers),
                top_rank=float(data.draw(numbers)),
            )

        chance = st.booleans()
        stays = {arrive().slug for _ in range(data.draw(st.integers(0, 8)))}
        leaves = [arrive() for _ in range(data.draw(st.integers(0, 4)))]
        ordering = data.draw(st.sampled_from(["latest", "top", "heat"]))
        limit = data.draw(st.integers(1, 4))
        page = read(client, NEWS, ordering=ordering, limit=limit)
        seen = slugs(page["value"])
        while page["next"]:
            if data.draw(chance):
                arrive()
            if data.draw(chance) and leaves:
                leaves.pop().delete()
            page = read(client, page["next"].removeprefix("http://testserver"))
            seen += slugs(page["value"])
        assert len(seen) == len(set(seen))
        assert stays <= set(seen)


class TestFilters:
    def test_each(self, client: Client) -> None:
        zebras, apes = make_topic("Zebras"), make_topic("Apes")
        paper = make_provider(domain="paper.example")
        a = make_article(topics=(zebras,), published_at=NOW, quality=90, title="Alpha")
        b = make_article(topics=(apes,), published_at=NOW - timedelta(days=1), type="video")
        c = make_article(provider=paper, published_at=NOW - timedelta(days=2))

        def found(query: str) -> list[str]:
            return slugs(pages(client, NEWS, **parse_qs(query)))

        assert found("topic=zebras") == [a.slug]
        assert found("topic=zebras&topic=apes") == [a.slug, b.slug]
        assert found("topic=nothing") == []
        assert found("provider=paper.example") == [c.slug]
        assert found("type=video") == [b.slug]
        assert found("since=2026-03-01") == [a.slug]
        assert found("until=2026-02-28T00:00:00Z") == [c.slug]
        assert found("minimumHeat=90") == [a.slug]
        assert found("q=alpha") == [a.slug]

    def test_pages_keep_them(self, client: Client) -> None:
        topic = make_topic("Zebras")
        expected = [make_article(topics=(topic,)).slug for _ in range(3)]
        make_article()
        items = pages(client, topic="zebras", limit=1, fields="title")
        assert slugs(items) == expected
        assert all(list(item) == ["slug", "title"] for item in items)

    def test_documented_names_exist(self) -> None:
        assert [one.name for one in FILTERS] == list(ArticleFilter.base_filters)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("decision", "hold"),
            ("quality", "57"),
            ("decision_reason__contains", "x"),
            ("topic__slug", "x"),
            ("secured", "x"),
            ("page", "2"),
            ("q", "a\0b"),
            ("topic", "a\0b"),
            ("type", "poem"),
            ("since", "yesterday"),
            ("until", "2026-02-30"),
            ("minimumHeat", "-1"),
            ("minimumHeat", "9" * 5000),
            ("ordering", ""),
            ("ordering", "quality"),
            ("ordering", "-published_at"),
            ("limit", "0"),
            ("limit", "101"),
            ("limit", "x"),
            ("limit", "9" * 5000),
            ("cursor", ""),
            ("cursor", "x"),
            ("cursor", "9" * 5000),
            ("cursor", "bGF0ZXN0Og"),
            ("cursor", "bGF0ZXN0Onh4"),
            ("cursor", "\u00e9\ud800".encode("utf-8", "replace").decode()),
        ],
    )
    def test_fail(self, client: Client, name: str, value: str) -> None:
        make_article()
        problem = refuse(client, NEWS, 400, **{name: value})
        assert problem["errors"][0]["parameter"] == name

    def test_fail_twice(self, client: Client) -> None:
        refuse(client, NEWS, 400, ordering=["top", "top"])

    def test_fail_cursor_of_another_order(self, client: Client) -> None:
        make_article()
        make_article()
        following = read(client, NEWS, limit=1, ordering="top")["next"]
        cursor = parse_qs(urlsplit(following).query)["cursor"][0]
        refuse(client, NEWS, 400, cursor=cursor)
        refuse(client, "/api/v1/topics/", 400, cursor=cursor)
        read(client, NEWS, cursor=cursor, ordering="top")

    @settings(max_examples=100)
    @given(
        name=st.sampled_from(["q", "topic", "provider", "since", "cursor", "limit", "fields", "x"]),
        value=st.text(),
    )
    def test_nothing_fails_here(self, name: str, value: str) -> None:
        assert Client().get(NEWS, {name: value}).status_code in {200, 400}


class TestQueries:
    def test_constant(self, client: Client, django_assert_num_queries: QueryCount) -> None:
        for size in (1, 12):
            topic = make_topic(f"Zebras {size}")
            for number in range(size):
                lead = make_article(topics=(topic, make_topic()))
                Image.objects.create(article=lead, position=0, url="https://a.example/1.jpg")
                relate(lead, *(make_article(coverage_only=True) for _ in range(number % 9)))
            # Expect 5 queries: the edition, articles with providers, topics, images, coverage.
            for parameters in (
                {},
                {"ordering": "top"},
                {"ordering": "heat"},
                {"topic": topic.slug, "provider": lead.provider.domain, "minimumHeat": 1},
            ):
                with django_assert_num_queries(5):
                    read(client, NEWS, **parameters)
            with django_assert_num_queries(5):
                read(client, f"{NEWS}{lead.slug}/")
            with django_assert_num_queries(5):
                read(client, f"/api/v1/stories/{lead.slug}/")
        # Expect 4 queries: the edition, nothing published, withdrawn or moved.
        with django_assert_num_queries(4):
            refuse(client, f"{NEWS}2026-03-01-never-was/", 404)

    def test_of_a_search(self, client: Client, django_assert_max_num_queries: QueryCount) -> None:
        for _ in range(3):
            make_article(title="Alpha", topics=(make_topic(),))
        # The same queries; SQLite needs another one to find out whether the words are common.
        with django_assert_max_num_queries(6):
            assert len(pages(client, q="alpha")) == 3

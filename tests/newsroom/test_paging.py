"""Paging by key: when rows change between pages, none is skipped or repeated."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from articles.documents import topic_key
from articles.models import Article, ArticleTopic, Topic
from articles.models.orders import FILED, LATEST, PROVIDERS, TOP, TOPICS
from articles.site.views import PAGE_SIZE
from newsroom.bulk import renew_statistics
from newsroom.paging import CursorError, Order, chunks, page_of
from providers.models import Provider
from tests.factories import NOW, make_article, make_provider, make_topic

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class List:
    """A paged list: its order, its rows, and functions that add or move a row to a position.

    There are few positions, so that some rows share one and are ordered by key.
    """

    order: Order
    rows: Callable[[], QuerySet[Any]]
    add: Callable[[str, int], Model]
    move: Callable[[Any, int], None]


def _moment(place: int) -> Any:
    # Microseconds apart, the smallest difference in a cursor.
    return NOW - timedelta(microseconds=place)


def _name(place: int) -> str:
    # Slugs as people may write them: with commas, which cursors contain, other scripts, and mixed
    # case.
    return ("apes", "Apes", "apes, great", "Äpfel", "b,", ",", "猿")[place]


def _add_filed(key: str, place: int) -> Article:
    topic, _ = Topic.objects.get_or_create(slug="zebras", defaults={"name": "Zebras"})
    return make_article(slug=key, published_at=_moment(place), topics=(topic,))


def _set(name: str, value: Callable[[int], Any]) -> Callable[[Any, int], None]:
    def move(row: Any, place: int) -> None:
        type(row).objects.filter(pk=row.pk).update(**{name: value(place)})

    return move


def _refile(row: Article, place: int) -> None:
    ArticleTopic.objects.filter(article=row).update(published_at=_moment(place))


LISTS: Final = {
    "latest": List(
        LATEST,
        Article.objects.published,
        lambda key, place: make_article(slug=key, published_at=_moment(place)),
        _set("published_at", _moment),
    ),
    "top": List(
        TOP,
        Article.objects.published,
        # Realistic ranks: fractions without an exact decimal form.
        lambda key, place: make_article(slug=key, top_rank=place / 3 + 1000.1),
        _set("top_rank", lambda place: place / 3 + 1000.1),
    ),
    "filed": List(
        FILED,
        lambda: Article.objects.reachable().of_topic(Topic.objects.get(slug="zebras")),
        _add_filed,
        _refile,
    ),
    "topics": List(
        TOPICS,
        Topic.objects.all,
        lambda key, place: make_topic(_name(place), slug=key, key=topic_key(key)),
        _set("name", _name),
    ),
    "providers": List(
        PROVIDERS,
        Provider.objects.all,
        lambda key, place: make_provider(name=_name(place), domain=key),
        _set("name", _name),
    ),
}
PLACES: Final = st.integers(0, 6)
CHANGES: Final = st.lists(
    st.tuples(st.sampled_from(["add", "leave", "move"]), st.integers(0, 30), PLACES), max_size=4
)


class TestEveryPage:
    @pytest.mark.parametrize("name", LISTS)
    @given(
        places=st.lists(PLACES, min_size=1, max_size=12),
        size=st.integers(1, 5),
        between=st.lists(CHANGES, max_size=6),
    )
    @settings(max_examples=40)
    def test_no_row_is_skipped_or_repeated(
        self, name: str, places: list[int], size: int, between: list[Any]
    ) -> None:
        """Rows that stay appear on exactly one page, in order, while others come and go."""
        paged = LISTS[name]
        with transaction.atomic():
            for number, place in enumerate(places):
                paged.add(f"2026-03-01-{number:02}", place)
            untouched = {row.pk for row in paged.rows()}
            seen: list[int] = []
            cursor, pages = "", 0
            while pages == 0 or cursor:
                page = page_of(paged.rows(), paged.order, cursor, size)
                assert len(page.rows) <= size
                assert not page.next or len(page.rows) == size
                seen += [row.pk for row in page.rows]
                cursor = page.next
                pages += 1
                assert pages < 100, "it never ends"
                for change in between[pages - 1] if pages <= len(between) else ():
                    untouched -= self.change(paged, change, pages)
            stayed = [row.pk for row in paged.rows().order_by(*paged.order.names)]
            transaction.set_rollback(True)
        assert [pk for pk in seen if pk in untouched] == [pk for pk in stayed if pk in untouched]

    def change(self, paged: List, change: tuple[str, int, int], pages: int) -> set[int]:
        """Add, remove or move a row, and return it."""
        verb, number, place = change
        if verb == "add":
            # Before, between and after the existing keys.
            key = f"2026-03-{number % 3:02}-{number:02}-{pages}"
            if paged.rows().filter(**{paged.order.key: key}).exists():
                return set()
            return {paged.add(key, place).pk}
        rows = list(paged.rows())
        if not rows:
            return set()
        row = rows[number % len(rows)]
        touched = {row.pk}
        if verb == "leave":
            row.delete()
        else:
            paged.move(row, place)
        return touched


class TestPages:
    def test_follow_one_another(self, client: Client) -> None:
        # Many rows share a time, and some have microseconds, so that a page ends within a tie.
        articles = [
            make_article(published_at=NOW - timedelta(microseconds=number // 10))
            for number in range(PAGE_SIZE * 2 + 7)
        ]
        expected = sorted(articles, key=lambda one: one.slug)
        expected.sort(key=lambda one: one.published_at, reverse=True)
        address, pages, seen = "/latest/", 0, []
        while address:
            html = client.get(address).content.decode()
            seen += re.findall(r'<h2 class="headline">\s*<a href="/news/([^/]+)/"', html)
            older = re.search(r'rel="next"\s+href="([^"]+)"', html)
            address = f"/latest/{older[1]}" if older else ""
            pages += 1
        assert seen == [article.slug for article in expected]
        assert pages == 3

    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_a_full_page_is_the_last(self, count: int) -> None:
        for _ in range(count):
            make_article()
        page = page_of(Article.objects.published(), LATEST, "", 3)

        assert len(page.rows) == count
        assert page.next == ""

    def test_costs_one_query(self, django_assert_num_queries: Callable[[int], Any]) -> None:
        for _ in range(5):
            make_article()
        with django_assert_num_queries(1):
            page = page_of(Article.objects.published(), TOP, "", 3)
        with django_assert_num_queries(1):
            assert page_of(Article.objects.published(), TOP, page.next, 3).next == ""

    def test_no_further_page(self, client: Client) -> None:
        make_article()
        query = urlencode({"after": "2001-01-01T00:00:00Z,2001-01-01-a"})

        assert "No more stories" in client.get(f"/latest/?{query}").content.decode()


class TestPlaces:
    @pytest.mark.parametrize("order", [LATEST, TOPICS], ids=["descending", "ascending"])
    def test_split_a_list_in_two(self, order: Order) -> None:
        name = "latest" if order is LATEST else "topics"
        rows = [LISTS[name].add(f"2026-03-01-{number}", number // 3) for number in range(7)]
        ordered = list(type(rows[0])._default_manager.order_by(*order.names))
        for number, row in enumerate(ordered):
            found = LISTS[name].rows().order_by(*order.names)
            assert list(found.filter(order.before(*order.place(row)))) == ordered[:number]
            assert list(found.filter(order.after(*order.place(row)))) == ordered[number + 1 :]


class TestChunks:
    @pytest.mark.parametrize("order", [None, TOP], ids=["by key", "by rank"])
    @pytest.mark.parametrize("count", [0, 1, 2, 4, 5])
    def test_each_row_once_in_order(self, order: Order | None, count: int) -> None:
        articles = [make_article(top_rank=10 - number // 3) for number in range(count)]
        if order is TOP:
            articles.sort(key=lambda one: (-one.top_rank, one.slug))

        found = list(chunks(Article.objects.all(), 2, order))

        assert [one for chunk in found for one in chunk] == articles
        assert all(len(chunk) == 2 for chunk in found[:-1])


MOMENTS: Final = [
    "x",
    ",",
    "2026-03-01T12:00:00Z",
    "2026-03-01T12:00:00Z,",
    "2026-03-01T12:00:00,2026-03-01-a",
    "2026-03-01T12:00:00Z,a\0b",
    "2026-13-01T12:00:00Z,a",
    "0001-01-01T00:00:00+14:00,a",
    "9999-12-31T23:59:59-14:00,a",
    "9" * 5000,
]
RANKS: Final = ["x,a", "nan,a", "inf,a", "-inf,a", "1e999,a", "1", "1,", "1,\0", "1" * 5000 + ",a"]
NAMES: Final = ["apes", "apes,", "a\0b,c", ",\0"]


class TestCursor:
    @pytest.mark.parametrize(
        ("address", "after"),
        [
            *(("/latest/", after) for after in MOMENTS),
            *(("/providers/paper.example/", after) for after in MOMENTS),
            *(("/topics/zebras/", after) for after in MOMENTS),
            *(("/latest/feed.rss", after) for after in MOMENTS),
            *(("/", after) for after in RANKS),
            *(("/topics/", after) for after in NAMES),
            *(("/providers/", after) for after in NAMES),
        ],
    )
    def test_fail_invalid(self, client: Client, address: str, after: str) -> None:
        make_article(provider=make_provider(domain="paper.example"), topics=(make_topic("Zebras"),))
        response = client.get(address, {"after": after})

        assert response.status_code == 404
        assert b"Page not found" in response.content

    @pytest.mark.parametrize(
        "order", [LATEST, FILED, TOP, TOPICS, PROVIDERS], ids=lambda o: o.column
    )
    @given(text=st.text() | st.from_regex(r"[-+0-9eE.TZ:]{1,30},[a-z]", fullmatch=True))
    def test_any_cursor_is_valid_or_an_error(self, order: Order, text: str) -> None:
        try:
            condition = order.behind(text)
        except CursorError:
            return
        rows = {TOPICS: Topic, PROVIDERS: Provider}.get(order, Article)._default_manager
        if order is not FILED:
            # The database accepts every cursor that the parser accepts.
            with transaction.atomic():
                list(rows.filter(condition)[:1])

    @pytest.mark.parametrize("rank", [0.1 + 0.2, 20514.200000000001, 1e-9, -3.5, 0.0])
    def test_of_a_rank_is_exact(self, rank: float) -> None:
        first, second = (make_article(top_rank=rank, slug=f"2026-03-01-{one}") for one in "ab")
        page = page_of(Article.objects.published(), TOP, "", 1)

        assert page.rows == [first]
        assert page_of(Article.objects.published(), TOP, page.next, 1).rows == [second]


class TestPlan:
    """Both databases use an index, and sort only rows with the same time."""

    @pytest.fixture
    def newsroom(self) -> tuple[Topic, Provider]:
        topics = [make_topic(), make_topic()]
        papers = [make_provider() for _ in range(20)]
        articles = [
            Article(
                slug=f"2026-03-01-{number:04}",
                stem=f"2026-03-01-{number:04}",
                title=f"Story {number}",
                web_url=f"https://paper.example/{number}",
                published_at=NOW - timedelta(minutes=number),
                quality=80,
                heat=80 if number % 2 else 60,
                published=bool(number % 2),
                top_rank=number % 997,
                provider=papers[number % len(papers)],
            )
            for number in range(4000)
        ]
        Article.objects.bulk_create(articles)
        # Without it, PostgreSQL may take the table for empty, and the triggers take minutes.
        renew_statistics(Article)
        ArticleTopic.objects.bulk_create(
            ArticleTopic(
                article=one,
                topic=topics[number % 10 > 0],
                position=0,
                published_at=one.published_at,
            )
            for number, one in enumerate(articles)
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return topics[1], papers[1]

    def test_uses_the_index(self, client: Client, newsroom: Any) -> None:
        topic, paper = newsroom
        for address, index in {
            "/": "article_top",
            "/latest/": "article_latest",
            f"/topics/{topic.slug}/": "topic_newest",
            f"/providers/{paper.domain}/": "article_provider",
        }.items():
            self.check_plan(client, address, index)
            html = client.get(address).content.decode()
            further = re.search(r'rel="next"\s+href="([^"]+)"', html)
            assert further is not None
            self.check_plan(client, address + further[1].replace("&amp;", "&"), index)

    def check_plan(self, client: Client, address: str, index: str) -> None:
        plan = plan_of_list(client, address)
        assert index in plan, plan
        if connection.vendor == "sqlite":
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan, plan
        else:
            # An incremental sort only sorts rows with the same time.
            assert not re.search(r"(?<!Incremental )Sort  \(", plan), plan
        assert not re.search(r"SCAN articles_article$|Seq Scan on articles_article ", plan), plan


def plan_of_list(client: Client, address: str) -> str:
    """Return the query plan of a page."""
    plans: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith('SELECT "articles_article"."id"') and " LIMIT " in sql:
            prefix = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
            with connection.cursor() as cursor:
                cursor.execute(f"{prefix} {sql}", params)
                plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        assert client.get(address).status_code == 200
    (plan,) = plans
    return plan

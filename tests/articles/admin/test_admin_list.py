"""The list of articles: columns, filters, order, search and number of queries."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.admin import lists
from articles.admin.articles import article_list
from articles.models import Article, Image
from newsroom.capped_count import MOST_COUNTED
from tests.articles.admin.admin_pages import get, list_of
from tests.articles.states import CASES, Case
from tests.factories import (
    NOW,
    make_article,
    make_provider,
    make_stored_image,
    make_superseded,
    make_topic,
    relate,
)

pytestmark = pytest.mark.django_db

QueryCount = Callable[[int], Any]


def titles(client: Client, **query: str) -> list[str]:
    """Return the titles in the list, in order."""
    response = client.get(list_of(Article), query)
    assert response.status_code == 200
    return [article.title for article in response.context["cl"].result_list]


def by(client: Client, *columns: str) -> str:
    """Return the list's ``o`` parameter for columns; a leading minus means descending."""
    shown = client.get(list_of(Article)).context["cl"].list_display
    places = ((name.removeprefix("-"), "-" if name.startswith("-") else "") for name in columns)
    return ".".join(f"{sign}{shown.index(name)}" for name, sign in places)


class TestStates:
    def test_each(self, admin_client: Client) -> None:
        for case in CASES:
            case.make(title=f"Case {case}")
        for state in Article.State:
            found = {title for title in titles(admin_client, state=state.value) if "Case" in title}
            assert found == {f"Case {case}" for case in CASES if case.state == state}
            html = get(admin_client, list_of(Article), state=state.value)
            badges = set(re.findall(r'<span class="state state-(\w+)">([^<]+)</span>', html))
            assert badges == {(state.value, str(state.label))}

    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_standing_is_the_state_without_the_schedule(self, case: Case) -> None:
        article = case.make()
        article.refresh_from_db()
        timed = {Article.State.SCHEDULED, Article.State.EXPIRED}

        assert article.standing == (Article.State.PUBLISHED if case.state in timed else case.state)


class TestFilters:
    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_decided(self, admin_client: Client, case: Case) -> None:
        article = case.make(title="Xylophone")
        is_decided = article.decision != ""

        assert ("Xylophone" in titles(admin_client, decided="yes")) is is_decided
        assert ("Xylophone" in titles(admin_client, decided="no")) is not is_decided

    @pytest.mark.parametrize(
        ("quality", "value"),
        [
            (None, "none"),
            (0, "0-49"),
            (49, "0-49"),
            (50, "50-59"),
            (60, "60-69"),
            (69, "60-69"),
            (70, "70-89"),
            (89, "70-89"),
            (90, "90-"),
            (154, "90-"),
        ],
    )
    def test_quality(self, admin_client: Client, quality: int | None, value: str) -> None:
        make_article(title="Xylophone", quality=quality)
        every = ["none", "0-49", "50-59", "60-69", "70-89", "90-"]

        assert [one for one in every if titles(admin_client, quality=one)] == [value]

    @pytest.mark.parametrize(
        ("age", "values"),
        [
            (timedelta(0), {"today", "7", "30", "365"}),
            (timedelta(days=6), {"7", "30", "365"}),
            (timedelta(days=8), {"30", "365"}),
            (timedelta(days=31), {"365"}),
            (timedelta(days=366), set()),
        ],
    )
    def test_time(self, admin_client: Client, age: timedelta, values: set[str]) -> None:
        topic = make_topic()
        make_article(title="Xylophone", published_at=timezone.now() - age, topics=(topic,))
        for value in ("today", "7", "30", "365"):
            for more in ({}, {"topic": str(topic.pk)}, {"topic": str(topic.pk), "q": "xylophone"}):
                assert bool(titles(admin_client, time=value, **more)) is (value in values)

    def test_type(self, admin_client: Client) -> None:
        make_article(title="Xylophone", type="video")
        make_article(title="Other")

        assert titles(admin_client, type__exact="video") == ["Xylophone"]

    def test_provider_and_topic(self, admin_client: Client) -> None:
        provider, topic = make_provider(name="The Paper"), make_topic("Zebras")
        make_article(title="Xylophone", provider=provider, topics=(make_topic(), topic))
        make_article(title="Other", topics=(make_topic(),))
        for name, row in (("provider", provider), ("topic", topic)):
            html = get(admin_client, list_of(Article), **{name: str(row.pk)})
            assert "Xylophone" in html
            assert "Other" not in html
            assert f">{row}</a>" in html.partition('id="changelist-filter"')[2]
        both = {"provider": str(provider.pk), "topic": str(topic.pk)}
        assert titles(admin_client, **both) == ["Xylophone"]
        assert titles(admin_client, **both, state="held") == []

    @pytest.mark.parametrize("name", ["provider", "topic"])
    @pytest.mark.parametrize("key", ["0", "x", "9" * 30, "-1"])
    def test_unknown_has_nothing(self, admin_client: Client, name: str, key: str) -> None:
        make_article(title="Xylophone")

        assert titles(admin_client, **{name: key}) == []

    @pytest.mark.parametrize("name", ["state", "quality", "time", "decided"])
    def test_unknown_choice_keeps_everything(self, admin_client: Client, name: str) -> None:
        make_article(title="Xylophone")

        assert titles(admin_client, **{name: 'x"><script>'}) == ["Xylophone"]

    @pytest.mark.parametrize("lookup", ["title__startswith", "source_document__text__contains"])
    def test_fail_other_lookups(self, admin_client: Client, lookup: str) -> None:
        assert admin_client.get(list_of(Article), {lookup: "x"}).status_code == 400


class TestSearch:
    def test_with_filters(self, admin_client: Client) -> None:
        topic = make_topic()
        make_article(title="Xylophone in tune", topics=(topic,))
        make_article(title="Xylophone held", decision="hold")
        make_article(title="Other", topics=(topic,))

        assert titles(admin_client, q="xylo", state="held") == ["Xylophone held"]
        assert titles(admin_client, q="xylo", topic=str(topic.pk)) == ["Xylophone in tune"]
        assert titles(admin_client, q="xylophone -held") == ["Xylophone in tune"]


class TestOrder:
    def test_newest_first(self, admin_client: Client) -> None:
        topic = make_topic()
        for title, hours in (("b", 2), ("a", 3), ("c", 1)):
            make_article(title=title, published_at=NOW - timedelta(hours=hours), topics=(topic,))

        assert titles(admin_client) == ["c", "b", "a"]
        assert titles(admin_client, topic=str(topic.pk)) == ["c", "b", "a"]
        oldest_first = by(admin_client, "published_when")
        assert titles(admin_client, o=oldest_first) == ["a", "b", "c"]
        assert titles(admin_client, o=oldest_first, topic=str(topic.pk)) == ["a", "b", "c"]

    @pytest.mark.parametrize("column", ["quality_input", "heat_shown"])
    def test_unscored_last(self, admin_client: Client, column: str) -> None:
        for quality in (50, None, 90, 0):
            make_article(title=str(quality), quality=quality)
        highest_first = ["90", "50", "0", "None"]

        assert titles(admin_client, o=by(admin_client, f"-{column}")) == highest_first
        assert titles(admin_client, o=by(admin_client, column)) == highest_first[::-1]

    def keys_ordered(self, client: Client, order: str) -> str:
        with CaptureQueriesContext(connection) as queries:
            titles(client, o=order)
        keys = [query["sql"] for query in queries if f"LIMIT {MOST_COUNTED}" in query["sql"]]
        return keys[0].partition("ORDER BY")[2]

    @pytest.mark.parametrize(
        "column", ["headline_cut", "provider_filter", "topics_filter", "state_badge", "story_size"]
    )
    def test_no_order_without_an_index(self, admin_client: Client, column: str) -> None:
        newest_first = self.keys_ordered(admin_client, "")

        assert "published_at" in newest_first
        assert self.keys_ordered(admin_client, by(admin_client, column)) == newest_first
        assert self.keys_ordered(admin_client, "99.x") == newest_first

    def test_one_order_at_a_time(self, admin_client: Client) -> None:
        order = by(admin_client, "-heat_shown", "-published_when")

        assert self.keys_ordered(admin_client, order) == self.keys_ordered(
            admin_client, by(admin_client, "-heat_shown")
        )


class TestColumns:
    def test_topics_in_order(self, admin_client: Client) -> None:
        first, second = make_topic("Zebras"), make_topic("Apes", short_name="Ape")
        make_article(topics=(first, second))
        html = get(admin_client, list_of(Article))

        assert f'?topic={first.pk}">Zebras</a>, <a' in html
        assert f'?topic={second.pk}">Ape</a>' in html

    def test_story_size_counts_reports_that_earn_the_bonus(self, admin_client: Client) -> None:
        past = timezone.now() - timedelta(hours=1)
        lead = make_article(title="Lead")
        relate(
            lead,
            make_article(coverage_only=True),
            make_superseded(lead),
            make_article(quality=None),
            make_article(decision="hold"),
            make_article(decision="withdraw"),
            make_article(decision="hold", decision_until=past),
        )
        response = admin_client.get(list_of(Article))
        sizes = {one.title: one.story_size for one in response.context["cl"].result_list}

        assert sizes.pop("Lead") == 4
        assert sorted(sizes.values()) == [0, 0, 0, 0, 0, 1]
        assert '/story/">+4</a></td>' in get(admin_client, list_of(Article))

    def test_headline_is_escaped_once(self, admin_client: Client) -> None:
        make_article(title="It&#8217;s &lt;b&gt;")

        assert ">It\u2019s &lt;b&gt;</a>" in get(admin_client, list_of(Article))


class TestPages:
    def test_queries(self, admin_client: Client, django_assert_num_queries: QueryCount) -> None:
        get(admin_client, list_of(Article))
        # On SQLite an extra query finds out whether the words are common.
        searches = 1 if connection.vendor == "sqlite" else 0
        topic = make_topic()
        for size in (5, 45):
            for _ in range(size):
                article = make_article(topics=(topic, make_topic()))
                relate(article, make_article(coverage_only=True))
                Image.objects.create(
                    article=article,
                    position=0,
                    url="https://a.example/",
                    stored=make_stored_image(),
                )
            # Expect 6 queries: session, user, keys, articles with providers and sizes, topics,
            # images with their copies.
            with django_assert_num_queries(6):
                get(admin_client, list_of(Article))
            with django_assert_num_queries(6 + searches):
                get(admin_client, list_of(Article), state="published", q="story")
            # Expect one more for the topic's name.
            with django_assert_num_queries(7):
                get(admin_client, list_of(Article), topic=str(topic.pk))

    def test_reads_only_the_keys_it_needs(self, admin_client: Client) -> None:
        make_article()
        with CaptureQueriesContext(connection) as queries:
            get(admin_client, list_of(Article))
        statements = [query["sql"] for query in queries]

        assert sum(f"LIMIT {MOST_COUNTED}" in sql for sql in statements) == 1
        assert not any("COUNT(*)" in sql or "DISTINCT" in sql for sql in statements)

    def test_ends_where_it_says(
        self, admin_client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lists.KeyPaginator, "most", 100)
        monkeypatch.setattr(article_list, "MOST_OF_SEVERAL", 50)
        for number in range(100):
            make_article(title=f"{number}", published_at=NOW - timedelta(hours=number))
        assert titles(admin_client, p="2") == [str(number) for number in range(50, 100)]
        assert "100 articles" in get(admin_client, list_of(Article))

        make_article(published_at=NOW - timedelta(days=99))
        html = get(admin_client, list_of(Article), p="2")
        assert "more than 100 articles" in html
        assert "?p=3" not in html
        assert admin_client.get(list_of(Article), {"p": "3"}).status_code == 302
        assert "more than 50 articles" in get(admin_client, list_of(Article), q="-absent")

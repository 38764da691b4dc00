"""Readers' pages besides the stories: topics, days, letters, timelines."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from tests.factories import NOW, make_article, make_provider, make_superseded, make_topic, relate

pytestmark = pytest.mark.django_db

QueryCount = Callable[[int], Any]


def get(client: Client, address: str) -> str:
    """Return a page, which must exist, with single spaces."""
    response = client.get(address)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def part(html: str, begin: str, end: str) -> str:
    """Return the text between two marks, which must both exist."""
    assert begin in html
    rest = html.partition(begin)[2]
    assert end in rest
    return rest.partition(end)[0]


class TestTopics:
    def test_the_front_page_shows_frequent_topics_first(self, client: Client) -> None:
        rare, common, second = make_topic("Apes"), make_topic("Zebras"), make_topic("Bees")
        make_article(topics=(rare, common))
        make_article(topics=(common, second))
        make_article(quality=10, topics=(make_topic("Unseen"),))
        strip = part(get(client, "/"), 'class="strip"', "</nav>")

        assert re.findall(r">\s*(\w+)\s*</a>", strip) == ["Zebras", "Apes", "Bees"]

    def test_no_strip_without_topics(self, client: Client) -> None:
        make_article()

        assert 'class="strip"' not in get(client, "/")


class TestDays:
    def test_each_day_is_named_once(self, client: Client) -> None:
        for hours in (0, 1, 2, 13):
            make_article(published_at=NOW - timedelta(hours=hours))
        html = get(client, "/latest/")

        assert re.findall(r'<time datetime="(\d{4}-\d\d-\d\d)">([^<]+)', html) == [
            ("2026-03-01", "Sunday, March 1, 2026"),
            ("2026-02-28", "Saturday, February 28, 2026"),
        ]
        assert "11:00</time>" in html

    def test_days_are_those_of_the_zone(self, client: Client, settings: LazySettings) -> None:
        settings.TIME_ZONE = "Asia/Tokyo"
        make_article(published_at=NOW + timedelta(hours=4))
        html = get(client, "/latest/")

        assert "Monday, March 2, 2026" in html
        assert '<time datetime="2026-03-02T01:00:00+09:00">01:00</time>' in html
        assert "Times are Asia/Tokyo." in html

    def test_the_front_page_gives_date_and_time(self, client: Client) -> None:
        make_article(published_at=NOW)

        assert ">Mar 1, 2026, 12:00</time>" in get(client, "/")


class TestLetters:
    def test_topics_and_publishers(self, client: Client) -> None:
        topics = (make_topic("apes"), make_topic("Bees"), make_topic("Ants"))
        make_article(topics=topics, provider=make_provider(name="", domain="nameless.example"))

        for address, expected in (
            ("/topics/", ["A", "Ants", "apes", "B", "Bees"]),
            ("/providers/", ["N", "nameless.example"]),
        ):
            names = part(get(client, address), 'class="names"', "</main>")
            assert re.findall(r"<h2>(\w+)</h2>|auto\">([\w.]+)</a>", names) == [
                (name, "") if len(name) == 1 else ("", name) for name in expected
            ]


class TestCourse:
    def test_timeline_is_sorted_by_time_and_marks_the_lead(self, client: Client) -> None:
        lead = make_article(published_at=NOW, title="The lead's", quality=95)
        for hours in (1, -30, 2):
            at = NOW + timedelta(hours=hours)
            relate(lead, make_article(coverage_only=True, title=f"At {hours}", published_at=at))
        course = part(get(client, f"/news/{lead.slug}/"), 'id="course"', "</section>")

        assert re.findall(r"At -?\d+|Lead", course) == ["At -30", "Lead", "At 1", "At 2"]
        assert [day for day in ("February 28", "March 1") if course.count(day) == 1] == [
            "February 28",
            "March 1",
        ]

    def test_one_other_report_makes_no_timeline(self, client: Client) -> None:
        lead = make_article()
        relate(lead, make_article(coverage_only=True))

        assert 'id="course"' not in get(client, f"/news/{lead.slug}/")

    def test_a_long_timeline_is_shortened(
        self, client: Client, django_assert_num_queries: QueryCount
    ) -> None:
        lead = make_article(published_at=NOW)
        relate(
            lead,
            *(
                make_article(coverage_only=True, published_at=NOW + timedelta(minutes=number))
                for number in range(1, 101)
            ),
        )
        # Expect 6 queries: the edition, the article with its provider, topics, images, coverage, and
        # other stories.
        with django_assert_num_queries(6):
            html = get(client, f"/news/{lead.slug}/")

        assert "85 reports not shown" in html
        assert part(html, 'id="course"', "</section>").count("<li") == 17
        assert 'id="course"' not in get(client, f"/news/{lead.slug}/?part=2")

    def test_pages_of_coverage_link_to_each_other(self, client: Client) -> None:
        lead = make_article()
        relate(lead, *(make_article(coverage_only=True) for _ in range(120)))
        address = f"/news/{lead.slug}/"

        for number, start, links in (
            (1, 1, ["?part=2#coverage"]),
            (2, 51, [f"{address}#coverage", "?part=3#coverage"]),
            (3, 101, [f"{address}#coverage"]),
        ):
            html = get(client, f"{address}?part={number}")
            assert f'<ol start="{start}">' in html
            paging = part(html, 'class="paging"', "</nav>")
            assert re.findall(r'href="([^"]+)"', paging) == links


class TestWordsOfOthers:
    """Titles of any script, length or content work in every list."""

    @pytest.mark.parametrize(
        ("title", "excerpt"),
        [("W" * 1000, "x" * 9000), ("خبر", ""), ("🚀👩‍🚀", " "), ("a" * 999, "")],
    )
    def test_titles(self, client: Client, title: str, excerpt: str) -> None:
        topics = tuple(make_topic() for _ in range(40))
        nameless = make_provider(name="", domain="nameless.example")
        lead = make_article(title=title, excerpt=excerpt, topics=topics, provider=nameless)
        make_superseded(lead, title=title, topics=topics[:1], provider=nameless)
        relate(lead, make_article(coverage_only=True, title=title, provider=nameless))

        for address in (
            "/",
            "/latest/",
            "/providers/nameless.example/",
            f"/topics/{topics[0].slug}/",
            f"/news/{lead.slug}/",
        ):
            html = get(client, address)
            assert "nameless.example" in html
            assert f'dir="auto">{title[:100]}' in html


class TestMakingItYours:
    def test_name_line_logo_and_style(self, client: Client, settings: LazySettings) -> None:
        settings.SITE_NAME = "The Example"
        settings.SITE_TAGLINE = "All of it"
        settings.SITE_LOGO = "mine/logo.svg"
        settings.SITE_CSS = "/media/mine.css"
        html = get(client, "/")

        assert "The Example</a>" in html
        assert '<p class="masthead-line"> All of it </p>' in html
        assert 'src="/static/mine/logo.svg"' in html
        # Loaded after the site's own, so that it can override it.
        styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', html)
        assert styles[0] == "/static/articles/site.css"
        assert styles[-1] == "/media/mine.css"

    def test_nothing_is_added_by_default(self, client: Client) -> None:
        html = get(client, "/")

        assert "Newsroom</a>" in html
        assert "masthead-logo" not in html
        assert '<link rel="stylesheet" href=""' not in html

    def test_an_error_page_too(
        self, client: Client, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.SITE_NAME = "The Example"
        monkeypatch.setattr("articles.site.views.PAGE_SIZE", "none")
        client.raise_request_exception = False
        response = client.get("/")

        assert response.status_code == 500
        assert "The Example</a>" in re.sub(r"\s+", " ", response.content.decode())

"""The lists ``/api/v1/topics/`` and ``/api/v1/providers/``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.articles.api.reading import read, refuse
from tests.articles.api.test_news import pages
from tests.factories import make_article, make_provider, make_superseded, make_topic, relate

pytestmark = pytest.mark.django_db

QueryCount = Callable[[int], Any]


class TestTopics:
    def test_by_name(self, client: Client) -> None:
        above = make_topic("Animals", source={"is_file": True})
        topic = make_topic(
            "Zebras", short_name="Z", parent=above, keywords=["stripes"], hashtags=["#z"]
        )
        make_article(topics=(topic,))
        hidden = make_topic("Drafts", source={"name": "Drafts"})
        make_article(topics=(hidden,), quality=10)
        animals, zebras = pages(client, "/api/v1/topics/", limit=1)

        assert animals["parent"] is None
        assert zebras == {
            "name": "Zebras",
            "slug": "zebras",
            "url": "http://testserver/topics/zebras/",
            "shortName": "Z",
            "parent": {"name": "Animals", "slug": "animals"},
            "keywords": ["stripes"],
            "hashtags": ["#z"],
        }
        assert read(client, "/api/v1/topics/zebras/") == zebras
        refuse(client, "/api/v1/topics/drafts/", 404)

    def test_queries(self, client: Client, django_assert_num_queries: QueryCount) -> None:
        for _ in range(5):
            make_article(topics=(make_topic(parent=make_topic()),))
        # Expect 2 queries: the edition, the topics with their parents.
        with django_assert_num_queries(2):
            read(client, "/api/v1/topics/")


class TestProviders:
    def test_by_name(self, client: Client) -> None:
        logos = [{"url": "https://a.example/50.png", "width": 50}, {"url": "/assets/50.png"}]
        shown = make_provider(
            name="A Paper", domain="a.example", description="Daily.", notes="Secret", logos=logos
        )
        lead = make_article(provider=shown)
        named = make_provider(name="B Paper", domain="b.example")
        relate(lead, make_article(provider=named, coverage_only=True))
        hidden = make_provider(name="C Paper", domain="c.example")
        make_article(provider=hidden, quality=10)
        other = make_provider(name="B Paper", domain="bb.example")
        make_superseded(lead, provider=other)
        a, b = pages(client, "/api/v1/providers/", limit=1)

        assert a == {
            "name": "A Paper",
            "domain": "a.example",
            "url": "http://testserver/providers/a.example/",
            "description": "Daily.",
            "images": [{"url": "https://a.example/50.png", "width": 50, "height": None}],
        }
        assert b["domain"] == "bb.example"
        # Its article appears as coverage, so it can be requested.
        assert read(client, "/api/v1/providers/b.example/")["name"] == "B Paper"
        assert read(client, "/api/v1/providers/a.example/") == a
        refuse(client, "/api/v1/providers/c.example/", 404)

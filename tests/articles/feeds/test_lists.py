"""How pages tell of their feeds."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.test import Client
from pytest_django import Settings

from articles.feeds import lists
from articles.feeds.lists import feed_links
from tests.articles.feeds.reading import read
from tests.factories import (
    make_article,
    make_topic,
)

pytestmark = pytest.mark.django_db


class TestLinks:
    def test_of_a_page(self, settings: Settings) -> None:
        settings.SITE_NAME = "Desk"
        links = feed_links(lists.of_topic(make_topic('"Apes" & Co.', slug="apes")))

        assert links[0] == (
            "RSS",
            "application/rss+xml",
            "/topics/apes/feed.rss",
            'Desk: "Apes" & Co.',
        )
        assert [link.label for link in links] == ["RSS", "Atom", "JSON Feed"]
        page = render_to_string("articles/_feeds.html", {"feeds": links})
        assert page.count('<link rel="alternate"') == 3
        assert 'title="Desk: &quot;Apes&quot; &amp; Co. (Atom)"' in page

    def test_lead_to_feeds(self, client: Client) -> None:
        article = make_article(topics=(make_topic("Apes"),))
        for followed in (
            lists.front(),
            lists.latest(),
            lists.of_topic(article.topics.get()),
            lists.of_provider(article.provider),
            lists.of_story(article),
        ):
            for link in feed_links(followed):
                response = client.get(link.address)
                assert response["Content-Type"] == f"{link.media_type}; charset=utf-8"
                assert read(client, link.address).title == link.title

"""Pages link to their feeds."""

from __future__ import annotations

import re

import pytest
from django.template.loader import render_to_string
from django.test import Client
from pytest_django import Settings

from articles.site.feeds import lists
from articles.site.feeds.lists import feed_links
from tests.articles.site.feeds.reading import read
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

    def test_stand_on_pages(self, client: Client) -> None:
        article = make_article(topics=(make_topic("Apes"),))
        for path in (
            "/",
            "/latest/",
            "/topics/apes/",
            f"/providers/{article.provider.domain}/",
            f"/news/{article.slug}/",
        ):
            page = client.get(path).content.decode()
            links = re.findall(r'<link rel="alternate"\s+type="([^"]+)"\s[^>]*href="([^"]+)"', page)
            assert links == [
                ("application/rss+xml", f"{path}feed.rss"),
                ("application/atom+xml", f"{path}feed.atom"),
                ("application/feed+json", f"{path}feed.json"),
            ]
        page = client.get("/search/?q=a+%26+b&after=1,2026-03-01T12:00:00Z,a").content.decode()
        assert 'href="/search/feed.rss?q=a+%26+b"' in page
        assert "feed.rss" not in client.get("/topics/").content.decode()

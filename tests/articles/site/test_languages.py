"""Articles in another language than the site say so, on pages, in feeds and in sitemaps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_article

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def test_article_in_another_language(client: Client) -> None:
    article = make_article(
        locale="es", title="El puente", published_at=timezone.now() - timedelta(hours=1)
    )
    assert b'lang="es" dir="auto">El puente</h1>' in client.get(article.get_absolute_url()).content
    assert client.get("/feed.json").json()["items"][0]["language"] == "es"
    assert b'<entry xml:lang="es">' in client.get("/feed.atom").content
    assert b"<news:language>es<" in client.get("/news-sitemap.xml").content


def test_article_in_the_language_of_the_site(client: Client) -> None:
    make_article()
    assert "language" not in client.get("/feed.json").json()["items"][0]
    assert b"<entry>" in client.get("/feed.atom").content

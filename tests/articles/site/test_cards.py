"""Cached cards equal freshly rendered ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from articles.models import Article, ArticleTopic, Image, Related, StoredImage, Topic
from articles.site import stories
from providers.models import Provider
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

CHANGES: dict[str, Callable[[], object]] = {
    "title": lambda: Article.objects.filter(slug="2026-03-01-lead").update(title="Other"),
    "excerpt": lambda: Article.objects.filter(slug="2026-03-01-lead").update(excerpt="Other"),
    "type": lambda: Article.objects.filter(slug="2026-03-01-lead").update(type="video"),
    "time": lambda: Article.objects.update(published_at=NOW - timedelta(days=9)),
    "provider": lambda: Provider.objects.filter(domain="paper.example").update(name="Other"),
    "coverage's provider": lambda: Provider.objects.exclude(domain="paper.example").update(
        name="Other"
    ),
    "topic": lambda: Topic.objects.update(name="Other"),
    "topics": lambda: ArticleTopic.objects.all().delete(),
    "coverage": lambda: Related.objects.all().delete(),
    "coverage's title": lambda: Article.objects.filter(coverage_only=True).update(title="Other"),
    "coverage's address": lambda: Article.objects.filter(coverage_only=True).update(
        web_url="https://other.example/"
    ),
    "picture": lambda: Image.objects.filter(article__slug="2026-03-01-lead").update(stored=None),
    "alt text": lambda: Image.objects.update(title="Other"),
    "focal point": lambda: StoredImage.objects.update(focal_x=0),
    "the lead's title": lambda: Article.objects.filter(slug="2026-03-01-lead").update(
        title="Other"
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_are_rendered_again_after_a_change(client: Client, change: Callable[[], object]) -> None:
    addresses = ["/", "/latest/", "/providers/paper.example/"]
    paper = make_provider(domain="paper.example")
    lead = make_article(slug="2026-03-01-lead", provider=paper, topics=(make_topic(),))
    url = "https://a.example/1.jpg"
    Image.objects.create(article=lead, position=0, url=url, stored=make_stored_image())
    relate(lead, make_article(coverage_only=True))
    make_superseded(lead, provider=paper)
    before = [client.get(address).content for address in addresses]
    change()
    cached = [client.get(address).content for address in addresses]
    cache.clear()
    stories._kept.clear()
    fresh = [client.get(address).content for address in addresses]

    for address, was, now, rendered in zip(addresses, before, cached, fresh, strict=True):
        assert now == rendered, address
        assert rendered != was, address


def test_cards_of_a_language_are_their_own(client: Client) -> None:
    relate(make_article(), make_article(coverage_only=True))
    assert "More coverage" in client.get("/").content.decode()
    with translation.override("es"):
        assert "More coverage" not in client.get("/").content.decode()


def test_the_cache_is_bounded(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stories, "MOST", 3)
    stories._kept.clear()
    for _ in range(5):
        article = make_article()
        client.get("/")
        article.delete()

    assert 1 <= len(stories._kept) <= 3

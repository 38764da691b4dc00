"""The documentation's client in JavaScript, in a browser."""

from __future__ import annotations

from articles.models import Article
from tests.articles.api.test_clients import example
from tests.browser.conftest import OpenPage
from tests.factories import make_article, make_topic


def test_follows_a_topic(open_page: OpenPage) -> None:
    make_article(slug="2026-03-01-a", title="A", topics=(make_topic("AI"),))
    make_article(slug="2026-03-01-other")
    page = open_page()
    page.goto("/api/docs/")
    page.evaluate(
        f"() => {{ {example('javascript')} window.followed = follow(location.origin, 'ai', 0); }}"
    )
    following = "async () => (await window.followed.next()).value"
    assert page.evaluate(following)["title"] == "A"
    Article.objects.update(title="B")
    assert page.evaluate(following)["title"] == "B"
    Article.objects.get(slug="2026-03-01-a").topic_links.all().delete()
    assert page.evaluate(following)["deleted"] is True

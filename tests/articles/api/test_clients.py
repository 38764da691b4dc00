"""The documented clients work exactly as printed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from articles import newsdesk
from articles.models import Article, Change
from tests.articles.samples import ROOT
from tests.factories import make_article, make_topic

PAGE = (ROOT / "docs" / "api.md").read_text()


def example(language: str) -> str:
    """Return the example in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def follow(site: str, topic: str) -> Iterator[dict[str, Any]]:
    """Run the Python example without its pauses."""
    names: dict[str, Any] = {"__name__": "example"}
    exec(example("python"), names)  # noqa: S102 - it is ours
    followed: Iterator[dict[str, Any]] = names["follow"](site, topic, pause=0)
    return followed


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replace ``sleep()``; return the list of seconds that clients would have waited."""
    waited: list[float] = []
    sleep: Callable[[float], None] = waited.append
    monkeypatch.setattr(time, "sleep", sleep)
    return waited


class TestPython:
    def test_follows_a_topic(
        self, live_server: LiveServer, transactional_db: None, waits: list[float]
    ) -> None:
        topic = make_topic("AI")
        article = make_article(slug="2026-03-01-a", title="A", topics=(topic,))
        make_article(slug="2026-03-01-other")
        followed = follow(live_server.url, "ai")
        assert next(followed)["title"] == "A"
        newsdesk.perform(newsdesk.edit(article, title="B"), by=None)
        assert next(followed)["title"] == "B"
        article = Article.objects.get(pk=article.pk)
        newsdesk.perform(newsdesk.hold(article), by=None, reason="x")
        gone = next(followed)
        assert (gone["slug"], gone["deleted"]) == ("2026-03-01-a", True)
        # When the site restores a backup, the client starts over and gets everything.
        Change.objects.all().delete()
        make_article(slug="2026-03-01-c", topics=(topic,))
        assert next(followed)["slug"] == "2026-03-01-c"
        assert set(waits) == {0}

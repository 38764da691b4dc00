"""No request reveals anything about an article that is hidden from readers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from articles.models import Image
from tests.articles.api.test_news import NEWS
from tests.articles.states import CASES, Case
from tests.factories import make_article, make_provider, make_topic, relate

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]

HIDDEN = [case for case in CASES if case.status != 200]
# Far from all other times, so that a question can match only this article.
LONG_AGO = datetime(1999, 3, 1, 12, tzinfo=UTC)
LISTS = ["/api/v1/topics/", "/api/v1/providers/"]
QUESTIONS: list[dict[str, Any]] = [
    {"q": "zyzzyva"},
    {"q": "zyzzy*"},
    {"q": "zyzzyvas"},
    {"topic": "zyzzyvas"},
    {"provider": "zyzzyva.example"},
    {"type": "video", "until": "1999-12-31"},
    {"since": "1999-01-01", "until": "1999-12-31"},
    {"minimumHeat": "300"},
    {"minimumHeat": "300", "ordering": "heat"},
    {"ordering": "top", "until": "1999-12-31"},
    {"updatedSince": "", "topic": "zyzzyvas"},
    {"updatedSince": "", "provider": "zyzzyva.example"},
]


def answers(client: Client) -> list[Any]:
    """Return the API's responses to all questions, and its lists of names."""
    asked = [client.get(NEWS, question).json() for question in QUESTIONS]
    asked += [client.get(address).json() for address in LISTS]
    asked.append(client.get("/api/news/index.json", {"minimum_heat": "300"}).json())
    asked.append(client.get("/api/news/zyzzyvas/index.json").json())
    for one in asked:
        # ``next`` contains the time of the request.
        one.pop("next", None)
    return asked


@pytest.mark.once
@pytest.mark.parametrize("case", HIDDEN, ids=str)
def test_hidden_articles_change_no_answer(client: Client, case: Case) -> None:
    make_article(topics=(make_topic("Known"),))
    before = answers(client)
    hidden = case.make(
        topics=(make_topic("Zyzzyvas", source={"is_file": False}),),
        provider=make_provider(domain="zyzzyva.example"),
        title="Zyzzyva",
        excerpt="Zyzzyva",
        body="Zyzzyva",
        decision_reason="Zyzzyva",
        type="video",
        published_at=LONG_AGO,
    )
    Image.objects.create(article=hidden, position=0, url="https://zyzzyva.example/1.jpg")
    relate(hidden, make_article(coverage_only=True, title="Zyzzyvas"))
    after = answers(client)
    if case.lead is None:
        assert after == before
    else:
        # Its lead may be public and show it as coverage.
        assert (case.status == 302) is ("yzzyva" in str(after))


def test_published_articles_are_found(client: Client) -> None:
    # To prove that the questions work, each one finds the article once it is public.
    before = answers(client)
    make_article(
        topics=(make_topic("Zyzzyvas", source={"is_file": False}),),
        provider=make_provider(domain="zyzzyva.example"),
        title="Zyzzyva zyzzyvas",
        type="video",
        published_at=LONG_AGO,
        quality=300,
        heat=300,
    )
    assert not [one for one, other in zip(answers(client), before, strict=True) if one == other]

"""What the newsdesk's API tells of articles: lists and queues, and one with all about it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from articles import heat, newsdesk
from articles.models import Article, Image, ImportConflict
from articles.queues import QUEUES
from articles.roles import Role
from tests.articles.admin_pages import CANARY
from tests.articles.api.desk import LIST, address_of, by_session, do, problem_of
from tests.articles.states import CASES
from tests.factories import (
    NOW,
    make_article,
    make_run,
    make_source,
    make_superseded,
    make_topic,
    make_user,
    relate,
)

pytestmark = pytest.mark.django_db

HOUR: Final = timedelta(hours=1)
WHO: Final = 4
"""Queries by which the one who asks is known: session, user, permissions (2)."""


@pytest.fixture
def user() -> User:
    return make_user(Role.PUBLISHER)


@pytest.fixture
def desk(user: User) -> Client:
    return by_session(user)


def listed(client: Client, **parameters: Any) -> list[Any]:
    """Give all pages of a list."""
    response = client.get(LIST, parameters)
    assert response.status_code == 200, response.content
    answer = response.json()
    value: list[Any] = answer["value"]
    while answer["next"]:
        answer = client.get(answer["next"]).json()
        value += answer["value"]
    return value


class TestList:
    def test_has_every_state(self, desk: Client) -> None:
        for case in CASES:
            case.make()
        stored = Article.objects.order_by("-published_at", "slug")
        states = {article.slug: article.state.value for article in stored}
        value = listed(desk, limit=3)
        assert {one["slug"]: one["state"] for one in value} == states
        assert [one["slug"] for one in value] == list(states)
        for state in Article.State:
            told = listed(desk, state=state.value, limit=2)
            assert [one["slug"] for one in told] == [
                slug for slug, value in states.items() if value == state.value
            ]

    def test_tells_what_the_admin_shows(self, desk: Client, user: User) -> None:
        article = make_article(quality=55)
        relate(article, make_article(quality=40), make_article(decision="hold"))
        until = timezone.now() + HOUR
        newsdesk.perform(newsdesk.publish(article, until=until), by=user, reason="because")
        (one,) = [one for one in listed(desk) if one["slug"] == article.slug]
        assert (one["quality"], one["heat"], one["version"], one["storySize"]) == (55, 65, 2, 1)
        decision = one["decision"]
        assert decision["until"] == until.isoformat().replace("+00:00", "Z")
        assert (decision["decision"], decision["reason"]) == ("publish", "because")
        assert decision["by"] == user.username

    def test_search(self, desk: Client) -> None:
        article = make_article(title="Xylophone draft", quality=None)
        make_article()
        for words in ("xylophone", article.slug, article.url):
            assert [one["slug"] for one in listed(desk, q=words)] == [article.slug]
        assert [one["slug"] for one in listed(desk, q="draft", state="not_scored")]
        assert listed(desk, q="draft", state="published") == []
        assert len(listed(desk, q="")) == 2

    @pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: queue.key)
    def test_queues(self, desk: Client, queue: Any) -> None:
        """As the desk's own page: what waits, in which order, and why."""
        for case in CASES:
            case.make()
        for number in range(3):
            make_article(quality=60 + number)
            make_article(quality=None)
            hidden = make_article(quality=95, publish_from=timezone.now() + HOUR)
            make_superseded(hidden, quality=80)
            make_article(decision="withdraw")
            make_article(publish_from=timezone.now() + (3 - number) * HOUR)
            make_article(web_url="https://paper.example/same")
            ImportConflict.objects.create(
                article=make_article(), run=make_run(), field="title", found_at=NOW
            )
            decided = make_article()
            newsdesk.perform(newsdesk.hold(decided), by=None)
            relate(make_article(), decided)
        at, policy = timezone.now(), heat.current_policy()
        waiting = list(queue.articles(at, policy))
        reasons = queue.reasons(waiting, at, policy)
        value = listed(desk, queue=queue.key, limit=2)
        assert [(one["slug"], one["why"]) for one in value] == [
            (article.slug, reasons[article.pk]) for article in waiting
        ]
        assert len(value) >= 2

    @pytest.mark.parametrize(
        ("parameters", "wrong"),
        [
            ({"queue": "nothing"}, "queue"),
            ({"queue": "held", "state": "held"}, "state"),
            ({"queue": "held", "q": "x"}, "q"),
            ({"state": "nothing"}, "state"),
            ({"state": ["held", "held"]}, "state"),
            ({"limit": "0"}, "limit"),
            ({"limit": "1000"}, "limit"),
            ({"cursor": "x"}, "cursor"),
            ({"quality__gte": "1"}, "quality__gte"),
            ({"q": "a\0"}, "q"),
        ],
        ids=str,
    )
    def test_fail(self, desk: Client, parameters: Any, wrong: str) -> None:
        problem = problem_of(desk.get(LIST, parameters), 400)
        assert problem["errors"][0]["parameter"] == wrong

    def test_fail_cursor_of_another_list(self, desk: Client) -> None:
        for _ in range(3):
            make_article(decision="hold")
        following = desk.get(LIST, {"queue": "held", "limit": "1"}).json()["next"]
        problem_of(desk.get(following.replace("queue=held&", "")), 400)
        assert desk.get(following).status_code == 200

    @pytest.mark.parametrize("parameters", [{}, {"state": "held"}, {"queue": "held"}], ids=str)
    def test_queries(
        self,
        desk: Client,
        parameters: Any,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for _ in range(20):
            relate(make_article(decision="hold", topics=(make_topic(),)), make_article())
        # Expect 2 queries beside who asks, however many articles: policy, articles.
        with django_assert_num_queries(WHO + 2):
            assert len(desk.get(LIST, parameters).json()["value"]) >= 20

    @pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: queue.key)
    def test_queries_of_queues(
        self, desk: Client, queue: Any, django_assert_max_num_queries: Any
    ) -> None:
        for case in CASES:
            case.make()
        most = {"late-arrivals": 8}.get(queue.key, 6)
        with django_assert_max_num_queries(WHO + most):
            desk.get(LIST, {"queue": queue.key})


class TestArticle:
    def test_has_all_about_it(self, desk: Client, user: User) -> None:
        article = make_article(
            quality=57,
            title="A &#8217; b",
            body="Body",
            category="news",
            topics=(make_topic("One"),),
            provider=make_article().provider,
        )
        Image.objects.create(article=article, position=0, url="https://a.example/1.jpg")
        counted, held = make_article(quality=40), make_article(quality=90)
        relate(article, counted, held)
        newsdesk.perform(newsdesk.hold(held), by=user, reason="wait")
        do(desk, article, "edit", {"excerpt": "New", "reason": "shorter"})
        do(desk, article, "score", {"quality": 58})
        told = desk.get(address_of(article)).json()
        # Texts as they are edited, not as they are read.
        assert (told["title"], told["excerpt"], told["content"]) == ("A &#8217; b", "New", "Body")
        assert (told["category"], told["topics"]) == ("news", [{"name": "One", "slug": "one"}])
        assert [image["url"] for image in told["images"]] == ["https://a.example/1.jpg"]
        assert (told["quality"], told["heat"], told["state"]) == (58, 68, "below")
        assert told["url"] is None
        article.refresh_from_db()
        assert told["why"] == newsdesk.explain(article)
        assert "58 + 1 related" in told["why"]
        receipt = told["receipt"]
        assert (receipt["heat"], receipt["published"]) == (68, False)
        assert [one["slug"] for one in receipt["counted"]] == [counted.slug]
        assert [one["slug"] for one in receipt["leftOut"]] == [held.slug]
        assert receipt["supersededBy"] == []
        assert receipt["policy"] == {"threshold": 70, "bonus": 10, "minimum": 50}
        assert told["story"]["lead"] == article.slug
        members = [one["slug"] for one in told["story"]["members"]]
        assert members == [article.slug, counted.slug, held.slug]
        score, edit, _hold = told["history"]
        assert (score["verb"], score["before"], score["after"]) == (
            "score",
            {"quality": 57},
            {"quality": 58},
        )
        assert (score["version"], score["by"], score["texts"]) == (3, user.username, [])
        assert (edit["texts"], edit["reason"], edit["after"]) == (["excerpt"], "shorter", {})
        assert told["allowed"][:2] == ["score", "publish"]

    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_of_every_state(self, desk: Client, case: Any) -> None:
        article = case.make()
        response = desk.get(address_of(article))
        assert response.status_code == 200
        told = response.json()
        assert told["state"] == case.state.value
        assert (told["receipt"] is None) == article.coverage_only
        assert (told["url"] is not None) == (case.status == 200)
        assert response["ETag"] == f'"{article.version}"'

    def test_tells_who_leads(self, desk: Client) -> None:
        lead = make_article()
        article = make_superseded(lead)
        told = desk.get(address_of(article)).json()
        assert told["story"]["lead"] == lead.slug
        assert [one["slug"] for one in told["receipt"]["supersededBy"]] == [lead.slug]

    def test_every_text_goes_back_as_it_came(self, desk: Client) -> None:
        article = make_article(title=" A &amp; b ", excerpt="x\n\ny ", body="\n<b>\n", category="c")
        told = desk.get(address_of(article)).json()
        texts = {name: told[name] for name in ("title", "excerpt", "content", "category")}
        response = desk.post(
            address_of(article, "edit"),
            texts,
            content_type="application/json",
            headers={"If-Match": '"1"'},
        )
        assert "says that already" in problem_of(response, 409)["detail"]

    def test_queries_do_not_grow(
        self, desk: Client, django_assert_max_num_queries: Any, user: User
    ) -> None:
        article = make_article(topics=tuple(make_topic() for _ in range(5)))
        others = [make_article(decision="hold", decided_by=user) for _ in range(10)]
        relate(article, *others)
        for other in others:
            relate(other, article)
        for quality in range(30, 60):
            do(desk, article, "score", {"quality": quality})
        # Expect 11 at most beside who asks: article, topics, images; policy, receipt (2); story (4);
        # history.
        with django_assert_max_num_queries(WHO + 11):
            told = desk.get(address_of(article)).json()
        assert len(told["history"]) == 20
        assert len(told["story"]["members"]) == 11


class TestSecured:
    def test_is_nowhere(self, desk: Client) -> None:
        article = make_article()
        make_source(article, secured=CANARY)
        told = [
            desk.get(address_of(article)).content,
            desk.get(LIST).content,
            json.dumps(do(desk, article, "hold")).encode(),
            desk.get(LIST, {"q": CANARY}).content,
        ]
        assert not [one for one in told if CANARY.encode() in one]
        assert desk.get(LIST, {"q": CANARY}).json()["value"] == []

"""Reading the newsdesk's API: lists and queues, an article, its story and history."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from articles import heat, newsdesk
from articles.models import Article, FormerSlug, Image, ImportConflict
from articles.newsdesk.queues import QUEUES
from articles.newsdesk.stories import MOST_MEMBERS
from articles.roles import Role
from tests.articles.admin.admin_pages import CANARY
from tests.articles.api.desk import LIST, address_of, by_session, do, problem_of
from tests.articles.states import CASES
from tests.factories import (
    NOW,
    make_article,
    make_pair,
    make_run,
    make_source,
    make_stored_image,
    make_superseded,
    make_topic,
    make_user,
    relate,
)

pytestmark = pytest.mark.django_db

HOUR: Final = timedelta(hours=1)
WHO: Final = 4
"""Queries that load the user: session, user, permissions (2)."""


@pytest.fixture
def user() -> User:
    return make_user(Role.PUBLISHER)


@pytest.fixture
def desk(user: User) -> Client:
    return by_session(user)


def listed(client: Client, **parameters: Any) -> list[Any]:
    """Return all pages of a list."""
    response = client.get(LIST, parameters)
    assert response.status_code == 200, response.content
    answer = response.json()
    value: list[Any] = answer["value"]
    while answer["next"]:
        answer = client.get(answer["next"]).json()
        value += answer["value"]
    return value


class TestList:
    @pytest.mark.parametrize("limit", [1, 2, 100])
    def test_has_the_requested_number(self, desk: Client, limit: int) -> None:
        for _ in range(3):
            make_article()
        value = desk.get(LIST, {"limit": str(limit)}).json()["value"]
        assert len(value) == min(limit, 3)

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

    def test_agrees_with_the_admin(self, desk: Client, user: User) -> None:
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
        """The API returns the same articles, order and reasons as the queue's page."""
        for case in CASES:
            case.make()
        for number in range(3):
            make_article(quality=60 + number)
            make_article(quality=None)
            hidden = make_article(quality=95, publish_from=timezone.now() + HOUR)
            make_superseded(hidden, quality=80)
            make_article(decision="withdraw")
            make_pair(make_article(published=True), make_article(published=True))
            make_article(publish_from=timezone.now() + (3 - number) * HOUR)
            for _ in range(2):
                make_article(web_url=f"https://paper.example/same-{number}")
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
            ({"limit": "101"}, "limit"),
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
        # Expect 2 queries besides the user's, for any number of articles: policy, articles.
        with django_assert_num_queries(WHO + 2):
            assert len(desk.get(LIST, parameters).json()["value"]) >= 20

    @pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: queue.key)
    def test_queries_of_queues(
        self, desk: Client, queue: Any, django_assert_max_num_queries: Any
    ) -> None:
        for case in CASES:
            case.make()
        decided = make_article()
        newsdesk.perform(newsdesk.hold(decided), by=None)
        relate(make_article(), decided)
        with django_assert_max_num_queries(WHO + 6):
            desk.get(LIST, {"queue": queue.key})


class TestArticle:
    def test_has_all_details(self, desk: Client, user: User) -> None:
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
        # Texts are as editors typed them, not as readers see them.
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
        assert [(one["slug"], one["why"], one["until"]) for one in receipt["leftOut"]] == [
            (held.slug, "held", None)
        ]
        assert receipt["supersededBy"] == []
        assert receipt["policy"] == {"threshold": 70, "bonus": 10, "minimum": 50}
        assert told["allowed"][:2] == ["score", "publish"]

    def test_by_a_former_slug(self, desk: Client) -> None:
        article = make_article()
        FormerSlug.objects.remember({"2026-03-01-old": (article.pk, article.address_key)})
        for address in (address_of("2026-03-01-old"), address_of("2026-03-01-old", "story")):
            assert article.slug in desk.get(address).content.decode()
        assert desk.get(address_of("2026-03-01-other")).status_code == 404

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

    def test_shows_what_outranks_it(self, desk: Client) -> None:
        lead = make_article()
        told = desk.get(address_of(make_superseded(lead))).json()
        assert [one["slug"] for one in told["receipt"]["supersededBy"]] == [lead.slug]

    def test_every_text_can_be_sent_back_unchanged(self, desk: Client) -> None:
        article = make_article(title=" A &amp; b ", excerpt="x\n\ny ", body="\n<b>\n", category="c")
        told = desk.get(address_of(article)).json()
        texts = {name: told[name] for name in ("title", "excerpt", "content", "category")}
        response = desk.post(
            address_of(article, "edit"),
            texts,
            content_type="application/json",
            headers={"If-Match": '"1"'},
        )
        assert "already has this text" in problem_of(response, 409)["detail"]

    def test_queries_do_not_grow(
        self, desk: Client, django_assert_num_queries: DjangoAssertNumQueries, user: User
    ) -> None:
        article = make_linked(user)
        for position in range(3):
            kept = {"url": f"https://a.example/{position}.jpg", "stored": make_stored_image()}
            Image.objects.create(article=article, position=position, **kept)
        # Expect 6 besides the user's: article, topics, images; policy, receipt (2).
        with django_assert_num_queries(WHO + 6):
            images = desk.get(address_of(article)).json()["images"]
        assert [len(image["renditions"]) for image in images] == [6, 6, 6]


def make_linked(user: User) -> Article:
    """Make an article linked both ways with ten articles that an editor held."""
    article = make_article(topics=tuple(make_topic() for _ in range(5)))
    others = [make_article(decision="hold", decided_by=user) for _ in range(10)]
    relate(article, *others)
    for other in others:
        relate(other, article)
    return article


class TestStory:
    def test_members_by_rank(self, desk: Client) -> None:
        lead = make_article(quality=90, title="A &#8217; b")
        article = make_superseded(lead, quality=80)
        named, held = make_article(quality=40), make_article(quality=95)
        relate(lead, article, named, held)
        do(desk, held, "hold")
        told = desk.get(address_of(article, "story")).json()
        assert (told["lead"], told["isWhole"]) == (lead.slug, True)
        members = [lead, article, named, held]
        assert [one["slug"] for one in told["members"]] == [one.slug for one in members]
        first, *_, last = told["members"]
        assert (first["title"], first["state"], first["version"]) == ("A &#8217; b", "published", 1)
        # Whichever member was requested, each has the version that a decision on it needs.
        assert (last["state"], last["version"]) == ("held", 2)
        do(desk, held, "release", {"reason": "as the story says"})
        assert desk.get(address_of(lead, "story")).json()["lead"] == held.slug

    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_of_every_state(self, desk: Client, case: Any) -> None:
        article = case.make()
        told = desk.get(address_of(article, "story")).json()
        (one,) = [one for one in told["members"] if one["slug"] == article.slug]
        assert (one["state"], one["version"]) == (case.state.value, article.version)

    def test_a_large_story_is_incomplete(self, desk: Client) -> None:
        lead = make_article(quality=99)
        relate(lead, *(make_article() for _ in range(MOST_MEMBERS)))
        told = desk.get(address_of(lead, "story")).json()
        assert (len(told["members"]), told["isWhole"]) == (MOST_MEMBERS, False)

    def test_fail_no_such_article(self, desk: Client) -> None:
        problem_of(desk.get(address_of("nothing", "story")), 404)

    def test_queries_do_not_grow(
        self, desk: Client, django_assert_num_queries: DjangoAssertNumQueries, user: User
    ) -> None:
        lead = make_linked(user)
        article = make_superseded(lead)
        # Expect 5 besides the user's: article; its story and that of its lead (2 each).
        with django_assert_num_queries(WHO + 5):
            told = desk.get(address_of(article, "story")).json()
        assert (told["lead"], len(told["members"])) == (lead.slug, 12)


class TestHistory:
    def test_lists_who_did_what(self, desk: Client, user: User) -> None:
        article, held = make_article(quality=57), make_article(quality=90)
        relate(article, make_article(quality=40), held)
        newsdesk.perform(newsdesk.hold(held), by=None, reason="wait")
        do(desk, article, "edit", {"excerpt": "New", "reason": "shorter"})
        do(desk, article, "score", {"quality": 58})
        told = desk.get(address_of(article, "history")).json()
        assert told["next"] is None
        score, edit, hold = told["value"]
        assert (score["verb"], score["before"], score["after"]) == (
            "score",
            {"quality": 57},
            {"quality": 58},
        )
        assert (score["version"], score["by"], score["texts"]) == (3, user.username, [])
        assert (edit["texts"], edit["reason"], edit["after"]) == (["excerpt"], "shorter", {})
        # The entry is an effect, not a decision: a related article was removed.
        assert (hold["verb"], hold["by"], hold["after"]) == ("hold", None, {})
        (own,) = desk.get(address_of(held, "history")).json()["value"]
        assert (own["act"], own["reason"]) == (hold["act"], "wait")
        assert own["after"] == {"decision": "hold", "decisionUntil": None}

    def test_pages(self, desk: Client) -> None:
        article, other = make_article(quality=30), make_article()
        for quality in range(31, 38):
            do(desk, article, "score", {"quality": quality})
            do(desk, other, "score", {"quality": quality + 20})
        first = desk.get(address_of(article, "history"), {"limit": 3}).json()
        # New decisions do not move entries to another page.
        do(desk, article, "score", {"quality": 50})
        value, following = first["value"], first["next"]
        sizes = [len(value)]
        while following:
            told = desk.get(following).json()
            value, following = value + told["value"], told["next"]
            sizes.append(len(told["value"]))
        assert [one["after"]["quality"] for one in value] == [37, 36, 35, 34, 33, 32, 31]
        assert sizes == [3, 3, 1]

    def test_untouched_article_has_no_history(self, desk: Client) -> None:
        told = desk.get(address_of(make_article(), "history")).json()
        assert told == {"value": [], "next": None}

    def test_fail_no_such_article(self, desk: Client) -> None:
        problem_of(desk.get(address_of("nothing", "history")), 404)

    @pytest.mark.parametrize("place", ["x,1", "1,x", "1", "1,", f"1,{'1' * 3000}x", "nan,1"])
    def test_fail_invalid_cursor(self, desk: Client, place: str) -> None:
        cursor = urlsafe_b64encode(f"history:{place}".encode()).decode()
        problem = problem_of(
            desk.get(address_of(make_article(), "history"), {"cursor": cursor}), 400
        )
        assert problem["errors"][0]["parameter"] == "cursor"

    def test_place_beyond_all_numbers(self, desk: Client) -> None:
        article = make_article()
        do(desk, article, "hold")
        for place, size in ((10**100, 1), (-(10**100), 0)):
            cursor = urlsafe_b64encode(f"history:{place},{place}".encode()).decode()
            told = desk.get(address_of(article, "history"), {"cursor": cursor}).json()
            assert len(told["value"]) == size

    def test_queries_do_not_grow(
        self, desk: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        article = make_article()
        for quality in range(30, 60):
            do(desk, article, "score", {"quality": quality})
        # Expect 2 besides the user's: article, acts.
        with django_assert_num_queries(WHO + 2):
            told = desk.get(address_of(article, "history")).json()
        assert len(told["value"]) == 25


class TestSecured:
    def test_is_nowhere(self, desk: Client) -> None:
        article = make_article()
        make_source(article, secured=CANARY)
        told = [
            desk.get(address_of(article)).content,
            desk.get(address_of(article, "story")).content,
            desk.get(LIST).content,
            json.dumps(do(desk, article, "hold")).encode(),
            desk.get(address_of(article, "history")).content,
            desk.get(LIST, {"q": CANARY}).content,
        ]
        assert not [one for one in told if CANARY.encode() in one]
        assert desk.get(LIST, {"q": CANARY}).json()["value"] == []

"""The newsdesk's table of decisions, roles and states, checked through the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from articles import newsdesk
from articles.api.newsdesk.decisions import ACTS
from articles.models import Act, Article
from articles.newsdesk import Verb
from articles.roles import Role
from tests.articles.api.desk import WAYS, address_of, problem_of, send, undo_of
from tests.articles.newsdesk.test_matrix import CELLS, MAY, STATES, expected
from tests.articles.states import Case
from tests.factories import make_article, make_user, relate

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]

ROLES: Final[list[Role | None]] = [None, *Role]
LOOK: Final = set(Role)
"""Every role may view articles."""


def _soon() -> str:
    return (timezone.now() + timedelta(minutes=20)).isoformat()


def _other(article: Article) -> dict[str, Any]:
    return {"slugs": [make_article().slug]}


def _related(article: Article) -> dict[str, Any]:
    other = make_article()
    relate(other, article)
    return {"slugs": [other.slug]}


def _pin(article: Article) -> dict[str, Any]:
    Article.objects.filter(pk=article.pk).update(is_pinned=True)
    return {}


BODIES: Final[dict[Verb, Callable[[Article], dict[str, Any]]]] = {
    Verb.SCORE: lambda one: {"quality": 33},
    Verb.PUBLISH: lambda one: {"until": _soon()},
    Verb.HOLD: lambda one: {"until": _soon()},
    Verb.WITHDRAW: lambda one: {},
    Verb.RELEASE: lambda one: {},
    Verb.SCHEDULE: lambda one: {"publishFrom": _soon(), "publishUntil": None},
    Verb.PIN: lambda one: {},
    Verb.UNPIN: _pin,
    Verb.RELATE: _other,
    Verb.UNRELATE: _related,
    Verb.REFUSE: _other,
    Verb.EDIT: lambda one: {"title": "Another title"},
}
"""Each body asks for an actual change."""

# These verbs have no URL: API clients use relate and unrelate to merge and split stories.
NOT_HERE: Final = {Verb.MERGE, Verb.SPLIT}

IN_TURNS: Final = [
    pytest.param(case, role, [*WAYS][(place + number) % len(WAYS)], id=f"{case}-{role}")
    for place, case in enumerate(STATES)
    for number, role in enumerate(ROLES)
]
"""Each role in each state. The ways of signing in take turns: the decision comes after them."""

ways = pytest.mark.parametrize("way", WAYS)
roles = pytest.mark.parametrize("role", ROLES, ids=str)


def _needs(verb: Verb, article: Article) -> set[Role]:
    """Return the roles that could make a decision if the state allowed it."""
    if (mark := expected(verb, article)) != "-":
        return MAY[mark]
    editors = {Verb.SCORE, Verb.HOLD, Verb.SCHEDULE, Verb.EDIT, Verb.RELEASE}
    return MAY["E" if verb in editors else "P"]


def _stored() -> list[Any]:
    return [*Article.objects.order_by("pk").values(), *Act.objects.values()]


class TestTable:
    def test_names_every_act(self) -> None:
        assert set(BODIES) == set(ACTS)
        assert {case.state for case in STATES} == set(Article.State)
        assert set(ACTS) == {verb for verb, _ in CELLS} - NOT_HERE | {Verb.RELEASE}

    @pytest.mark.once
    @pytest.mark.parametrize(("case", "role", "way"), IN_TURNS)
    def test_answers_as_the_newsdesk(self, case: Case, role: Role | None, way: str) -> None:
        user = make_user(*[role] if role else [])
        client = WAYS[way](user)
        for verb, body_of in BODIES.items():
            article = case.make(slug=f"{verb}-{role}")
            allowed = expected(verb, article)
            body = body_of(article)
            before = _stored()
            address = address_of(article, verb)
            told = send(client, address, body, version=1, preview=True)
            assert _stored() == before
            done = send(client, address, body, version=1)
            assert told.status_code == done.status_code
            if role in MAY[allowed]:
                assert done.status_code == 200, (verb, done.content)
                act = Act.objects.get(pk=done.json()["act"])
                assert (act.verb, act.by) == (verb, user)
                assert told.json()["consequences"] == done.json()["consequences"]
                continue
            # Users without the permission learn nothing else; others learn that the state forbids
            # it.
            status = 409 if role in _needs(verb, article) and allowed == "-" else 403
            problem_of(done, status)
            assert _stored() == before

    @ways
    @roles
    def test_read_by_role(self, role: Role | None, way: str) -> None:
        client = WAYS[way](make_user(*[role] if role else []))
        article = make_article()
        for address in (address_of(article), "/api/v1/newsdesk/news/"):
            status = client.get(address).status_code
            assert status == (200 if role in LOOK else 403)

    @roles
    @pytest.mark.parametrize("case", STATES, ids=str)
    def test_allowed_verbs_match_what_is_possible(self, case: Case, role: Role | None) -> None:
        if role is None:
            return
        user = make_user(role)
        article = case.make()
        allowed = WAYS["session"](user).get(address_of(article)).json()["allowed"]
        for verb in ACTS:
            may = role in MAY[expected(verb, article)]
            # The API does not offer decisions without effect; the table lists all others.
            no_point = {Verb.UNPIN} if not article.is_pinned else {Verb.PIN}
            assert (verb in allowed) == (may and verb not in no_point), verb

    @ways
    @roles
    @pytest.mark.parametrize("verb", [Verb.HOLD, Verb.WITHDRAW])
    def test_undo_needs_the_permissions_of_the_decision(
        self, verb: Verb, role: Role | None, way: str
    ) -> None:
        article = make_article()
        change = getattr(newsdesk, verb)(article)
        act = newsdesk.perform(change, by=None)
        client = WAYS[way](make_user(*[role] if role else []))
        response = send(client, undo_of(act.pk))
        may = role in MAY["E" if verb is Verb.HOLD else "P"]
        assert response.status_code == (200 if may else 403)
        assert Act.objects.filter(undoes=act).exists() is may

    def test_without_permission_undo_reveals_nothing(self) -> None:
        act = newsdesk.perform(newsdesk.hold(make_article()), by=None)
        newsdesk.perform(newsdesk.undo(act), by=None)
        problem_of(send(WAYS["token"](make_user(Role.VIEWER)), undo_of(act.pk)), 403)

    def test_preview_needs_every_permission_of_the_change(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The decision is refused even if the check before reading the body passes."""
        monkeypatch.setattr(newsdesk, "may_begin", lambda *_: True)
        client, address = WAYS["token"](make_user(Role.VIEWER)), address_of(make_article(), "hold")
        problem_of(send(client, address, version=1, preview=True), 403)


class TestUsers:
    """When a user loses permissions, so do the user's API keys."""

    @ways
    @pytest.mark.parametrize(
        ("changed", "statuses"),
        [
            ({"is_active": False}, {401}),
            ({"is_staff": False}, {403}),
        ],
        ids=str,
    )
    def test_users_who_were_deactivated(
        self, changed: dict[str, Any], statuses: set[int], way: str
    ) -> None:
        user = make_user(Role.PUBLISHER)
        client = WAYS[way](user)
        article = make_article()
        User.objects.filter(pk=user.pk).update(**changed)
        for response in (
            client.get(address_of(article)),
            send(client, address_of(article, "hold"), version=1),
        ):
            assert response.status_code in statuses
        assert not Act.objects.exists()

    @ways
    def test_users_who_lost_a_role(self, way: str) -> None:
        user = make_user(Role.EDITOR)
        client = WAYS[way](user)
        article = make_article()
        user.groups.clear()
        problem_of(send(client, address_of(article, "hold"), version=1), 403)

"""Access to the newsdesk's API, and rules for all of its URLs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from articles.models import Act, ApiToken, Article
from articles.models.api_token import PREFIX
from articles.roles import Role
from tests.articles.api.desk import LIST, address_of, by_session, by_token, problem_of, send
from tests.factories import make_article, make_token, make_user

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def ask(token: str, scheme: str = "Token") -> Any:
    return Client().get(LIST, headers={"Authorization": f"{scheme} {token}"})


class TestTokens:
    def test_only_a_digest_is_stored(self) -> None:
        token = make_token(make_user())
        assert token.secret.startswith(PREFIX)
        assert len(token.secret) > 40
        stored = str(list(ApiToken.objects.values()))
        assert token.secret not in stored
        assert token.secret.removeprefix(PREFIX)[:8] not in stored
        assert make_token(make_user()).secret != token.secret

    @pytest.mark.parametrize("scheme", ["Token", "Bearer", "bearer"])
    def test_let_in(self, scheme: str) -> None:
        token = make_token(make_user(Role.VIEWER))
        assert ask(token.secret, scheme).status_code == 200

    @pytest.mark.parametrize(
        "text", ["", "x", "a b", "é", "\xff\xfe", "newsroom_" + "x" * 43, "x" * 5000]
    )
    def test_fail_unknown(self, text: str) -> None:
        make_token(make_user(Role.VIEWER))
        response = ask(text)
        problem_of(response, 401)
        assert response["WWW-Authenticate"].startswith("Bearer")

    def test_fail_digest_is_not_a_token(self) -> None:
        problem_of(ask(make_token(make_user(Role.VIEWER)).digest), 401)

    def test_fail_over(self) -> None:
        token = make_token(make_user(Role.VIEWER), expires_at=timezone.now())
        problem_of(ask(token.secret), 401)

    def test_fail_revoked(self) -> None:
        token = make_token(make_user(Role.VIEWER))
        token.delete()
        problem_of(ask(token.secret), 401)

    def test_fail_after_another_password(self) -> None:
        user = make_user(Role.VIEWER)
        token = make_token(user)
        user.set_password("another")
        user.save()
        problem_of(ask(token.secret), 401)
        assert ask(make_token(user).secret).status_code == 200

    def test_fail_of_an_inactive_user(self) -> None:
        user = make_user(Role.VIEWER)
        token = make_token(user)
        User.objects.filter(pk=user.pk).update(is_active=False)
        problem_of(ask(token.secret), 401)

    def test_survive_another_hash_of_the_same_password(self, settings: Settings) -> None:
        user = make_user(Role.VIEWER, password="a password")
        token = make_token(user)
        stronger = "django.contrib.auth.hashers.PBKDF2PasswordHasher"
        settings.PASSWORD_HASHERS = [stronger, *settings.PASSWORD_HASHERS]
        before = user.password
        form = {"username": user.username, "password": "a password"}
        assert Client().post("/admin/login/", form).status_code == 302
        user.refresh_from_db()
        assert user.password != before
        assert ask(token.secret).status_code == 200

    def test_fail_another_scheme_or_none(self) -> None:
        token = make_token(make_user(Role.VIEWER))
        problem_of(ask(token.secret, "Basic"), 401)
        problem_of(Client().get(LIST), 401)

    def test_fail_wrong_token_beside_a_session(self) -> None:
        client = by_session(make_user(Role.VIEWER))
        problem_of(client.get(LIST, headers={"Authorization": "Token x"}), 401)

    def test_last_use_is_stored_by_the_hour(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        user = make_user(Role.VIEWER)
        token = make_token(user)
        ask(token.secret)
        token.refresh_from_db()
        first = token.last_used_at
        assert first is not None
        assert first > timezone.now() - HOUR
        # Expect 5 queries, none of which writes: API key, permissions (2), policy, articles.
        with django_assert_num_queries(5):
            ask(token.secret)
        ApiToken.objects.update(last_used_at=first - HOUR)
        ask(token.secret)
        token.refresh_from_db()
        assert token.last_used_at is not None
        assert token.last_used_at > first


@pytest.mark.parametrize("by", [by_session, by_token])
def test_fail_not_staff(by: Callable[[User], Client]) -> None:
    user = make_user(Role.PUBLISHER)
    client = by(user)
    article = make_article()
    assert client.get(LIST).status_code == 200
    User.objects.filter(pk=user.pk).update(is_staff=False)
    for address in (LIST, address_of(article)):
        problem_of(client.get(address), 403)
    problem_of(send(client, address_of(article, "hold"), version=1), 403)


class TestSessions:
    def test_fail_write_without_csrf(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(make_user(Role.EDITOR))
        article = make_article()
        problem_of(send(client, address_of(article, "hold"), version=1), 403)
        assert not Act.objects.exists()

    def test_csrf_by_header(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(make_user(Role.EDITOR))
        client.cookies["csrftoken"] = "x" * 32
        client.defaults["HTTP_X_CSRFTOKEN"] = "x" * 32
        assert send(client, address_of(make_article(), "hold"), version=1).status_code == 200

    @pytest.mark.parametrize(
        "content_type",
        [
            "multipart/form-data",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded; charset=latin-1",
        ],
    )
    def test_fail_forms_that_cannot_be_read(self, content_type: str) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(make_user(Role.EDITOR))
        client.cookies["csrftoken"] = "x" * 32
        response = client.post(
            address_of(make_article(), "hold"),
            b"--x\r\n",
            content_type=content_type,
            headers={"If-Match": '"1"', "X-CSRFToken": "x" * 32},
        )
        problem_of(response, 415)
        assert not Act.objects.exists()

    def test_tokens_need_no_csrf(self) -> None:
        client = Client(enforce_csrf_checks=True)
        token = make_token(make_user(Role.EDITOR))
        client.defaults["HTTP_AUTHORIZATION"] = f"Token {token.secret}"
        assert send(client, address_of(make_article(), "hold"), version=1).status_code == 200


class TestAnswers:
    def test_are_not_cached(self) -> None:
        article = make_article()
        staff = by_session(make_user(Role.VIEWER))
        for address in (LIST, address_of(article)):
            for client in (staff, Client(), staff):
                response = client.get(address)
                assert response.status_code == (401 if client is not staff else 200)
                assert response["Cache-Control"] == "no-store"
                assert {"Authorization", "Cookie"} <= set(response["Vary"].split(", "))
                # The page cache would answer anonymous users.
                assert "Last-Modified" not in response

    def test_allowed_depends_on_the_user(self) -> None:
        article = make_article()
        viewer, editor = (by_session(make_user(role)) for role in (Role.VIEWER, Role.EDITOR))
        assert viewer.get(address_of(article)).json()["allowed"] == []
        assert "score" in editor.get(address_of(article)).json()["allowed"]
        assert viewer.get(address_of(article)).json()["allowed"] == []

    def test_no_cors(self) -> None:
        headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
        client = by_token(make_user(Role.VIEWER))
        for response in (
            client.get(LIST, headers=headers),
            client.options(LIST, headers=headers),
            Client().options(address_of("x", "hold"), headers=headers),
        ):
            assert not [
                name for name in response.headers if name.lower().startswith("access-control")
            ]

    def test_head_and_options(self) -> None:
        client = by_session(make_user(Role.VIEWER))
        article = make_article()
        for address in (LIST, address_of(article)):
            got, headed = client.get(address), client.head(address)
            assert (headed.content, headed.headers) == (b"", got.headers)
            assert client.options(address)["Allow"] == "GET, HEAD, OPTIONS"
        act = address_of(article, "hold")
        assert client.options(act).status_code == 204
        assert client.options(act)["Allow"] == "POST, OPTIONS"
        for method in ("get", "head", "put", "patch", "delete"):
            response = getattr(client, method)(act)
            assert (response.status_code, response["Allow"]) == (405, "POST, OPTIONS")
        assert Article.objects.get().decision == ""

    def test_throttled_by_user(self, settings: Settings) -> None:
        settings.API_RATE = 2
        user, other = make_user(Role.VIEWER), make_user(Role.VIEWER)
        # Requests with a session and with a key count together.
        for client in (by_session(user), by_token(user)):
            assert client.get(LIST).status_code == 200
        response = by_token(user).get(LIST)
        problem_of(response, 429)
        assert 0 < int(response["Retry-After"]) <= 60
        assert by_token(other).get(LIST).status_code == 200

    def test_fail_unknown_parameter_and_nothing_there(self) -> None:
        client = by_session(make_user(Role.VIEWER))
        assert "secured" in problem_of(client.get(LIST, {"secured": "x"}), 400)["detail"]
        problem_of(client.get(address_of("never-was")), 404)
        problem_of(client.get("/api/v1/newsdesk/"), 404)
        problem_of(client.get("/api/v1/newsdesk/news/a%00b/"), 404)

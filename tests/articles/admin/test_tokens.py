"""API keys in the admin: only the owner creates, sees (once) and revokes a key."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from articles.models import ApiToken
from articles.models.api_token import PREFIX
from articles.roles import Role
from tests.articles.admin.admin_pages import get, page_of
from tests.factories import make_token, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.once]

LIST = "/admin/articles/apitoken/"
ADD = "/admin/articles/apitoken/add/"


@pytest.fixture
def user() -> User:
    return make_user(Role.EDITOR)


@pytest.fixture
def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def make(client: Client, **values: str) -> Any:
    return client.post(ADD, {"name": "A program", "days": "30"} | values)


class TestMaking:
    def test_shows_it_once(self, signed_in: Client, user: User) -> None:
        response = make(signed_in)
        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]
        found = re.search(f"{PREFIX}[A-Za-z0-9_-]{{43}}", response.content.decode())
        assert found
        token = ApiToken.objects.get()
        assert (token.user, token.name, token.last_used_at) == (user, "A program", None)
        assert abs(token.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
        # The key works, and no page shows it again.
        headers = {"Authorization": f"Token {found[0]}"}
        address = reverse("articles:api:newsdesk-news")
        assert address in response.content.decode()
        assert Client().get(address, headers=headers).status_code == 200
        for page in (LIST, page_of(token), page_of(token, "history"), ADD):
            html = get(signed_in, page)
            assert found[0] not in html
            assert token.digest not in html
        assert found[0] not in str(signed_in.cookies)

    def test_belongs_to_the_current_user(self, signed_in: Client, user: User) -> None:
        other = make_user(Role.PUBLISHER)
        make(signed_in, user=str(other.pk), digest="x" * 64, expires_at_0="2999-01-01")
        token = ApiToken.objects.get()
        assert token.user == user
        assert token.digest != "x" * 64
        assert token.expires_at < timezone.now() + timedelta(days=31)

    @pytest.mark.parametrize("values", [{"name": ""}, {"days": "36500"}, {"days": ""}])
    def test_fail(self, signed_in: Client, values: dict[str, str]) -> None:
        response = make(signed_in, **values)
        assert "errornote" in response.content.decode()
        assert not ApiToken.objects.exists()

    def test_a_name_is_shown_as_text(self, signed_in: Client) -> None:
        html = make(signed_in, name="<b>x</b>").content.decode()
        assert "<b>x" not in html
        assert "&lt;b&gt;x" in html


class TestLooking:
    def test_ones_own(self, signed_in: Client, user: User) -> None:
        mine, other = make_token(user, name="Mine"), make_token(make_user(), name="Other")
        html = get(signed_in, LIST)
        assert "Mine" in html
        assert "Other" not in html
        get(signed_in, page_of(mine))
        for action in ("change", "delete", "history"):
            assert signed_in.get(page_of(other, action)).status_code == 404
        # Filters and searches do not reveal the key either.
        assert signed_in.get(LIST, {"digest__startswith": mine.digest[0]}).status_code == 400

    def test_a_superuser_sees_all_owners(
        self, admin_client: Client, user: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(3):
            make_token(user, name=f"Number {number}")
            make_token(make_user(username=f"somebody-{number}"))
        # Expect 4 queries: session, user, count, keys with their users.
        with django_assert_num_queries(4):
            html = get(admin_client, LIST)
        assert html.count("Number ") >= 3
        assert "somebody-2" in html


class TestRevoking:
    @pytest.mark.parametrize("who", ["owner", "superuser"])
    def test_ends_it_at_once(self, client: Client, user: User, who: str) -> None:
        token = make_token(user)
        by = user if who == "owner" else User.objects.create_superuser("super")
        client.force_login(by)
        assert client.post(page_of(token, "delete"), {"post": "yes"}).status_code == 302
        headers = {"Authorization": f"Token {token.secret}"}
        response = Client().get(reverse("articles:api:newsdesk-news"), headers=headers)
        assert response.status_code == 401

    def test_fail_of_others(self, signed_in: Client) -> None:
        token = make_token(make_user(Role.PUBLISHER))
        assert signed_in.post(page_of(token, "delete"), {"post": "yes"}).status_code == 404
        assert ApiToken.objects.exists()

    def test_fail_to_change(self, signed_in: Client, user: User) -> None:
        token = make_token(user)
        response = signed_in.post(page_of(token), {"name": "Longer", "days": "365"})
        assert response.status_code == 403
        assert ApiToken.objects.get().name == "A program"

"""The log of sign-ins in the admin."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from articles.models import SignIn
from articles.roles import Role
from tests.articles.admin.admin_pages import PAYLOAD, get, list_of
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_user(Role.OPERATOR))
    SignIn.objects.all().delete()
    return client


def test_list(operator: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(5):
        SignIn.objects.note(SignIn.Result.FAILED, f"name-{number}", "192.0.2.1")
    SignIn.objects.note(SignIn.Result.SIGNED_IN, "x\x1b[2J", "2001:db8::")
    SignIn.objects.note(SignIn.Result.LOCKED, PAYLOAD, None)
    # Expect 6 queries: session, user, permissions (2), count, entries.
    with django_assert_num_queries(6):
        html = get(operator, list_of(SignIn))
    assert html.index("name-4") < html.index("name-0")
    for text in ("192.0.2.1", "2001:db8::/64", "unknown", "failed", "success"):
        assert text in html
    assert "\x1b" not in html
    assert PAYLOAD not in html


@pytest.mark.parametrize(
    "query", [{"q": "name-1"}, {"q": "192.0.2.1"}, {"result__exact": "failed"}]
)
def test_find(operator: Client, query: dict[str, str]) -> None:
    SignIn.objects.note(SignIn.Result.FAILED, "name-1", "192.0.2.1")
    SignIn.objects.note(SignIn.Result.SIGNED_IN, "name-2", "192.0.2.2")
    html = get(operator, list_of(SignIn), **query)
    assert "name-1" in html
    assert "name-2" not in html

"""Helpers for requests to the newsdesk's API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from articles.models import Article
from tests.articles.api.reading import PROBLEM
from tests.factories import make_token

LIST: Final = "/api/v1/newsdesk/news/"


def by_session(user: User) -> Client:
    """Return a client logged in as a user."""
    client = Client()
    client.force_login(user)
    return client


def by_token(user: User) -> Client:
    """Return a client that sends a user's API key."""
    return Client(headers={"Authorization": f"Token {make_token(user).secret}"})


WAYS: Final[dict[str, Callable[[User], Client]]] = {"session": by_session, "token": by_token}


def address_of(article: Article | str, verb: str = "") -> str:
    """Return the URL of an article, or of a decision on it."""
    slug = article if isinstance(article, str) else article.slug
    name = f"articles:api:newsdesk-{verb or 'article'}"
    return reverse(name, kwargs={"slug": slug})


def undo_of(act: int) -> str:
    """Return the URL that undoes a decision."""
    return reverse("articles:api:newsdesk-undo", args=[act])


def send(
    client: Client,
    address: str,
    body: Any = None,
    *,
    version: object = None,
    key: str | None = None,
    preview: bool = False,
) -> Any:
    """Send a decision that is based on a version."""
    headers = {}
    if version is not None:
        headers["If-Match"] = f'"{version}"'
    if key is not None:
        headers["Idempotency-Key"] = f'"{key}"'
    return client.post(
        address,
        {} if body is None else body,
        content_type="application/json",
        headers=headers,
        query_params={"preview": "1"} if preview else None,
    )


def do(client: Client, article: Article, verb: str, body: Any = None, **options: Any) -> Any:
    """Decide based on an article's stored version, and return the successful response."""
    version = Article.objects.values_list("version", flat=True).get(pk=article.pk)
    response = send(client, address_of(article, verb), body, version=version, **options)
    assert response.status_code == 200, response.content
    return response.json()


def problem_of(response: Any, status: int) -> Any:
    """Check the status of a response and return its problem details."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == PROBLEM
    assert response["Cache-Control"] == "no-store"
    problem = response.json()
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    assert problem["detail"]
    return problem

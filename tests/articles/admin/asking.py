"""Helpers that make decisions in the admin page by page, as an editor does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.test import Client
from django.urls import reverse

from articles.models import Article
from articles.newsdesk import Consequence, Standing

LIST = "admin:articles_article_changelist"


def text_of(response: Any) -> str:
    """Return the text of a page, without markup and with single spaces."""
    words = re.sub(r"<[^>]*>", " ", response.content.decode())
    return " ".join(words.split())


def hidden(response: Any, name: str) -> str:
    """Return the value of a hidden input."""
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found, f"no {name} on the page"
    return found[1]


def messages_of(client: Client, response: Any) -> list[str]:
    """Follow a redirect and return the messages on the page."""
    assert response.status_code == 302, text_of(response)
    return [str(message) for message in client.get(response["Location"]).context["messages"]]


def press_undo(client: Client, message: str) -> Any:
    """Press the Undo button of a message."""
    action = re.search(r'action="([^"]*)"', message)
    back = re.search(r'name="next" value="([^"]*)"', message)
    assert action
    assert back
    return client.post(action[1], {"next": back[1]})


def start(
    client: Client, verb: str, articles: Iterable[Article], query: str = "", **more: str
) -> Any:
    """Choose a bulk action for the selected articles."""
    ticked = [str(article.pk) for article in articles]
    data = {"action": verb, "index": "0", "_selected_action": ticked, "select_across": "0"}
    return client.post(reverse(LIST) + query, data | more)


def carry_on(client: Client, response: Any, verb: str, **sent: str) -> Any:
    """Submit the page of consequences."""
    address = reverse("admin:articles_article_together", args=[verb])
    return client.post(address, {"step": hidden(response, "step")} | sent)


def standings(articles: Iterable[Article]) -> dict[str, Standing]:
    """Return the current state of articles, read from the database."""
    fresh = Article.objects.filter(pk__in=[article.pk for article in articles])
    return {
        article.slug: Standing(
            article.state,
            article.heat,
            getattr(article.lead() if article.is_superseded else None, "slug", None),
        )
        for article in fresh
    }


def assert_came_true(
    before: Mapping[str, Standing], shown: Iterable[Consequence], after: Mapping[str, Standing]
) -> None:
    """Fail unless the decision had exactly the consequences that the preview listed."""
    foretold = {one.slug: (one.before, one.after) for one in shown}
    happened = {
        slug: (standing, after[slug])
        for slug, standing in before.items()
        if standing != after[slug]
    }
    assert foretold == happened
    assert foretold

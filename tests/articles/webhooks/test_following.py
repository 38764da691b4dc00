"""A copy that is kept up to date by a webhook's events ends up equal to the site."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from articles.documents import write
from articles.importing.undo import undo
from articles.models import Article, FormerSlug, HookDelivery, ImportRun, WebHook
from articles.tracking import sets
from articles.webhooks import events
from tests.articles.api.test_following import site
from tests.articles.images.server import Answer, Request, reply, serving
from tests.articles.importing.test_any_history import World
from tests.articles.importing.worlds import folder_of
from tests.articles.webhooks.sending import drain

STEPS = 100


class Newsroom(World):
    """A folder and its newsroom, with any actions in any order."""

    def step(self) -> None:
        kind = self.random.random()
        if kind < 0.2:
            self.undo()
        elif kind < 0.3:
            self.rename()
        else:
            files = [self.add, self.edit, self.score, self.retitle, self.delete]
            files += [self.damage, self.repair]
            for change in self.random.choices(files, k=self.random.randint(1, 3)):
                change()
            self.load()

    def undo(self) -> None:
        if runs := list(ImportRun.objects.order_by("pk")):
            undo(self.random.choice(runs))

    def rename(self) -> None:
        """Give an article another slug, and its old slug a redirect."""
        if found := list(Article.objects.filter(coverage_only=False).order_by("pk")):
            one = self.random.choice(found)
            FormerSlug.objects.remember({one.slug: (one.pk, one.address_key)})
            slug = f"2024-05-01-renamed-{self.random.getrandbits(40)}"
            Article.objects.filter(pk=one.pk).update(slug=slug)

    def score(self) -> None:
        if name := self.pick():
            quality = self.random.choice([None, 40, 70, 90])
            self.documents[name] = replace(self.documents[name], quality=quality)
            self.put(name, write(self.documents[name]))


class Receiver:
    """A copy of the published articles that does what ``docs/webhooks.md`` tells a receiver."""

    def __init__(self, requests: list[Request]) -> None:
        self.requests = requests
        self.items: dict[str, Any] = {}
        self.known: set[str] = set()
        self.repeated = 0

    def read(self) -> None:
        """Apply the events that came since the last call."""
        for request in self.requests:
            if (name := request.headers["webhook-id"]) in self.known:
                self.repeated += 1
                continue
            self.known.add(name)
            event = json.loads(request.body)
            data = event["data"]
            if event["type"] == "unpublished":
                del self.items[data["slug"]]
            else:
                data.pop("formerLead", None)
                self.items[data["slug"]] = data
        self.requests.clear()


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.parametrize(("seed", "is_in_sets"), [(1, False), (2, True)])
def test_ends_equal_to_the_site(
    seed: int,
    is_in_sets: bool,
    settings: Settings,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Changes are noted row by row, as for small imports, or in sets, as for large ones."""
    if is_in_sets:
        monkeypatch.setattr(sets, "FEWEST", 1)
    settings.SITE_URL = "https://news.example"
    settings.HOOK_RETRIES = (0,) * 99
    random = Random(seed)
    with serving() as server, folder_of([]) as folder:
        settings.OUTBOUND_EXEMPT = server.exempt
        WebHook.objects.create(name="A copy", url=server.put("/hook", unreliable(seed)))
        events.begin()
        receiver = Receiver(server.requests)
        newsroom = Newsroom(folder, random)
        for _ in range(STEPS):
            newsroom.step()
            if random.random() < 0.5:
                drain()
                receiver.read()
                assert receiver.items == site(client)
        drain()
        receiver.read()
        assert receiver.items == site(client)
    types = set(HookDelivery.objects.values_list("event", flat=True))
    assert types == {"published", "updated", "unpublished", "leadChanged"}
    assert receiver.items
    assert receiver.repeated


def unreliable(seed: int) -> Answer:
    """Answer a fifth of the requests with 503, after receiving them."""
    random = Random(seed)
    good, bad = reply(status="204 No Content"), reply(status="503 Service Unavailable")
    return lambda connection: (bad if random.random() < 0.2 else good)(connection)

"""Pages put together from kept parts equal those made from nothing, whatever was written before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any, Final

import pytest
from django.core.cache import cache
from django.db.models import F
from django.test import Client
from django.utils import timezone

from articles.models import Article, ArticleTopic, Image, Related, StoredImage, Topic
from articles.site import stories
from newsroom import counters
from providers.models import Provider
from tests.factories import (
    make_article,
    make_provider,
    make_stored_image,
    make_superseded,
    make_topic,
    relate,
)

pytestmark = pytest.mark.django_db

QueryCount = Callable[[int], Any]
HOUR: Final = timedelta(hours=1)
STEPS: Final = 40


def unchanged() -> float:
    return float(counters.pages.labels("unchanged")._value.get())


class TestAfterAnUnrelatedWrite:
    def test_the_front_page_is_kept(
        self, client: Client, django_assert_num_queries: QueryCount
    ) -> None:
        relate(make_article(), make_article(coverage_only=True))
        draft = make_article(quality=10)
        page, before = client.get("/"), unchanged()
        Article.objects.filter(pk=draft.pk).update(title="Other")
        # Expect 2 queries: the edition, the last changes of the stories on the page.
        with django_assert_num_queries(2):
            kept = client.get("/")
        assert kept.content == page.content
        assert kept["ETag"] == page["ETag"]
        assert unchanged() == before + 1
        # Expect 1 query: the edition.
        with django_assert_num_queries(1):
            again = client.get("/", headers={"if-none-match": page["ETag"]})
        assert again.status_code == 304

    def test_stories_are_kept(self, client: Client, django_assert_num_queries: QueryCount) -> None:
        make_article()
        client.get("/")
        make_article()
        # Expect 6 queries: the edition, last changes, stories with providers; then topics, images
        # and coverage of the new one.
        with django_assert_num_queries(6):
            client.get("/")
        # Expect 2 queries: the edition, stories with providers. All of them are kept.
        with django_assert_num_queries(2):
            client.get("/latest/")


def test_coverage_comes_and_goes_without_a_write(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, hours = timezone.now(), 0
    reports: dict[str, dict[str, Any]] = {
        "Embargoed": {"publish_from": now + HOUR},
        "Expiring": {"publish_until": now + 2 * HOUR},
        "Dated ahead": {"published_at": now + 3 * HOUR},
    }
    for title, times in reports.items():
        relate(make_article(), make_article(coverage_only=True, title=title, **times))
    monkeypatch.setattr(timezone, "now", lambda: now + hours * HOUR)

    def seen() -> set[str]:
        html = client.get("/").content.decode()
        return {title for title in reports if title in html}

    assert seen() == {"Expiring"}
    hours = 1
    assert seen() == {"Embargoed", "Expiring"}
    hours = 2
    assert seen() == {"Embargoed"}
    hours = 3
    assert seen() == {"Embargoed", "Dated ahead"}


class World:
    """Articles, and random writes to everything that lists show."""

    def __init__(self, seed: int, now: Callable[[], Any]) -> None:
        self.random, self.now = Random(seed), now
        self.topics = [make_topic() for _ in range(3)]
        self.providers = [make_provider() for _ in range(3)]
        for _ in range(25):
            self.publish()
        for _ in range(3):
            make_superseded(self.any(Article.objects.filter(published=True)), **self.values())
        for _ in range(8):
            self.cover()

    def any(self, rows: Any) -> Any:
        return self.random.choice(list(rows.order_by("pk")))

    def values(self) -> dict[str, Any]:
        return {
            "provider": self.random.choice(self.providers),
            "topics": tuple(self.random.sample(self.topics, self.random.randrange(3))),
            "published_at": self.now() - HOUR * self.random.randrange(48),
        }

    def publish(self) -> None:
        make_article(**self.values())

    def cover(self) -> None:
        """Add coverage, some of which appears or expires later."""
        times = {
            name: self.now() + HOUR * self.random.choice([-2, 1, 3])
            for name in self.random.choice([(), ("publish_from",), ("publish_until",)])
        }
        report = make_article(coverage_only=True, **self.values() | times)
        relate(self.story(), report)

    def story(self) -> Article:
        story: Article = self.any(Article.objects.filter(published=True))
        return story

    def update_a_story(self, **values: Any) -> None:
        Article.objects.filter(pk=self.story().pk).update(**values)

    def write(self) -> None:
        number = self.random.randrange(1000)
        name = f"Name {number}"
        writes: list[Callable[[], object]] = [
            self.publish,
            self.cover,
            lambda: self.update_a_story(title=name),
            lambda: self.update_a_story(excerpt=name, type="video"),
            lambda: self.update_a_story(top_rank=F("top_rank") + self.random.choice([-9, 9])),
            lambda: self.update_a_story(
                published_at=self.now() + HOUR * self.random.choice([-9, 2])
            ),
            lambda: self.update_a_story(publish_from=self.now() + HOUR, publish_until=None),
            lambda: self.update_a_story(publish_until=self.now() + 2 * HOUR, publish_from=None),
            lambda: self.update_a_story(published=False, decision="hold"),
            lambda: self.update_a_story(provider=self.random.choice(self.providers)),
            lambda: self.any(Provider.objects).articles.update(
                web_url=f"https://{number}.example/"
            ),
            lambda: Provider.objects.filter(pk=self.any(Provider.objects).pk).update(name=name),
            lambda: Topic.objects.filter(pk=self.any(Topic.objects).pk).update(
                name=name, slug=f"name-{number}"
            ),
            lambda: ArticleTopic.objects.filter(article=self.story()).delete(),
            lambda: Related.objects.filter(article=self.any(Related.objects).article).delete(),
            lambda: relate(self.story(), make_article(**self.values())),
            lambda: Article.objects.filter(pk=self.any(Related.objects).target.pk).update(
                title=name, quality=None, heat=None, published=False, coverage_only=True
            ),
            lambda: Article.objects.filter(pk=self.any(Related.objects).target.pk).update(
                published=False, decision="hold"
            ),
            lambda: Image.objects.update_or_create(
                article=self.story(),
                position=0,
                defaults={
                    "url": "https://a.example/1",
                    "title": name,
                    "stored": make_stored_image(),
                },
            ),
            lambda: StoredImage.objects.update(focal_x=number % 100),
            lambda: Image.objects.update(stored=None),
            lambda: self.story().delete(),
            lambda: make_article(quality=10),
            lambda: Article.objects.filter(quality=10).update(title=name),
        ]
        self.random.choice(writes)()


def test_random_writes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    began, passed = timezone.now(), timedelta(0)
    monkeypatch.setattr(timezone, "now", lambda: began + passed)
    world, before = World(1, timezone.now), unchanged()
    for step in range(STEPS):
        world.write()
        if step % 4 == 3:
            passed += HOUR / 2
        more = world.random.choice([*Topic.objects.all(), *Provider.objects.all()])
        named = f"topics/{more.slug}" if isinstance(more, Topic) else f"providers/{more.domain}"
        for address in ("/", "/latest/", f"/{named}/"):
            assert client.get(address).content == from_nothing(client, address), (step, address)
    assert unchanged() > before


def from_nothing(client: Client, address: str) -> bytes:
    """Return a page that uses nothing kept, and keeps nothing."""
    kept, pages, ends = (dict(one) for one in (stories._kept, cache._cache, cache._expire_info))  # type: ignore[attr-defined]
    stories._kept.clear()
    cache.clear()
    page = client.get(address).content
    stories._kept.update(kept)
    cache._cache.update(pages)  # type: ignore[attr-defined]
    cache._expire_info.update(ends)  # type: ignore[attr-defined]
    return page

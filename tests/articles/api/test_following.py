"""A copy kept up to date with ``updatedSince`` always equals the site."""

from __future__ import annotations

import json
import random
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from articles import newsdesk
from articles.models import Act, Article, Change, Epoch, Topic
from articles.newsdesk import RefusedError
from newsroom.iso_dates import iso
from providers.models import Provider
from tests.articles.api.reading import read, refuse
from tests.articles.api.test_news import NEWS, pages
from tests.articles.samples import document, entry, load, put
from tests.articles.states import CASES, Case
from tests.factories import make_article, make_superseded, make_topic, relate

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
ACTS = 500
MAX_PAGES = 200
"""Many more pages than any copy in these tests needs, so an endless loop fails."""
cases = pytest.mark.parametrize("case", CASES, ids=str)


class Mirror:
    """A copy of the published articles, kept by a client that knows only the URL."""

    def __init__(self, client: Client, **parameters: Any) -> None:
        self.client = client
        self.items: dict[str, Any] = {}
        self.read = 0
        first = client.get(NEWS, {"updatedSince": "", **parameters})
        self.address = first.wsgi_request.get_full_path()

    def follow(self) -> list[dict[str, Any]]:
        """Request pages until nothing is left, and return the updates."""
        told = []
        for _ in range(MAX_PAGES):
            page = read(self.client, self.address)
            self.address = page["next"].removeprefix("http://testserver")
            told += page["value"]
            if not page["more"]:
                break
        else:
            pytest.fail(f"more than {MAX_PAGES} pages of updates; the last next: {self.address}")
        for one in told:
            if one.get("deleted"):
                self.items.pop(one["slug"], None)
            else:
                self.items[one["slug"]] = one
        self.read += len(told)
        return told


def site(client: Client) -> dict[str, Any]:
    return {item["slug"]: item for item in pages(client, limit=100)}


class TestFollowing:
    def test_returns_everything_then_changes(self, client: Client) -> None:
        a, b = make_article(slug="a"), make_article(slug="b")
        mirror = Mirror(client, limit=1)
        mirror.follow()
        assert mirror.items == site(client)
        assert mirror.items.keys() == {"a", "b"}
        assert mirror.follow() == []

        Article.objects.filter(pk=a.pk).update(title="Other")
        (told,) = mirror.follow()
        assert (told["slug"], told["title"]) == ("a", "Other")
        newsdesk.perform(newsdesk.withdraw(Article.objects.get(pk=b.pk)), by=None, reason="x")
        (told,) = mirror.follow()
        assert told == {"slug": "b", "deleted": True, "at": told["at"]}
        assert told["at"].endswith("Z")
        assert mirror.items == site(client)

    def test_queries(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(3):
            lead = make_article(topics=(make_topic(),))
            relate(lead, *(make_article(coverage_only=True) for _ in range(number)))
        # Expect 6 queries: the edition, events, articles with providers, topics, images, coverage.
        with django_assert_num_queries(6):
            page = read(client, NEWS, updatedSince="")
        following = page["next"].removeprefix("http://testserver")
        # Expect 2 queries: the edition, and the events, of which there are none.
        with django_assert_num_queries(2):
            first = client.get(following)
        assert first.json() == {"value": [], "next": page["next"], "more": False}
        with django_assert_num_queries(1):
            again = client.get(following, headers={"If-None-Match": first["ETag"]})
        assert again.status_code == 304

    def test_fields(self, client: Client) -> None:
        make_article(slug="a", title="A")
        page = read(client, NEWS, updatedSince="", fields="title")
        assert page["value"] == [{"slug": "a", "title": "A"}]

    def test_since_a_time(self, client: Client) -> None:
        make_article(slug="a")
        Change.objects.update(noted_at=timezone.now() - 2 * HOUR)
        make_article(slug="b")
        moment = (timezone.now() - HOUR).isoformat()
        for text in (moment, moment.replace("+00:00", "Z")):
            page = read(client, NEWS, updatedSince=text)
            assert [one["slug"] for one in page["value"]] == ["b"]

    def test_fail_invalid_values(self, client: Client) -> None:
        make_article()
        early = "0001-01-01T00:00:00+14:00"
        for text in ("x", "9" * 5000, "2026-03-01", "2026-03-01T12:00:00", early, "a\0b"):
            problem = refuse(client, NEWS, 400, updatedSince=text)
            assert problem["errors"][0]["parameter"] == "updatedSince", text[:40]

    def test_fields_and_limit_work_with_it(self, client: Client) -> None:
        make_article()
        read(client, NEWS, updatedSince="", fields="title", limit=1, type="article")

    def test_fail_together_with_filters(self, client: Client) -> None:
        problem = refuse(client, NEWS, 400, updatedSince="", minimumHeat="1")
        assert problem["errors"][0]["parameter"] == "minimumHeat"

    def test_fail_after_a_backup_was_restored(self, client: Client) -> None:
        make_article()
        following = read(client, NEWS, updatedSince="")["next"].removeprefix("http://testserver")
        Article.objects.all().delete()
        Change.objects.all().delete()
        refuse(client, following, 410)

    @pytest.mark.parametrize("limit", [1, 10])
    def test_fail_in_another_epoch(self, client: Client, limit: int) -> None:
        """Whether the copy is complete or not."""
        make_article()
        make_article()
        first = read(client, NEWS, updatedSince="", limit=limit)
        moment = read(client, NEWS, updatedSince=iso(timezone.now()))
        Epoch.objects.create(token="restored")
        # A restore also begins another edition, so no stored answer is served.
        make_article()
        for page in (first, moment):
            refuse(client, page["next"].removeprefix("http://testserver"), 410)
        mirror = Mirror(client, limit=limit)
        mirror.follow()
        make_article()
        mirror.follow()
        assert mirror.items == site(client)

    def test_places_from_before_epochs_are_known(self, client: Client) -> None:
        text = f"0,0,{iso(timezone.now())},"
        place = urlsafe_b64encode(text.encode()).decode().rstrip("=")
        make_article(slug="a")
        assert [one["slug"] for one in read(client, NEWS, updatedSince=place)["value"]] == ["a"]


class TestPart:
    def test_articles_that_leave_a_part_are_deleted_from_it(self, client: Client) -> None:
        topic, other = make_topic("AI"), make_topic("Other")
        for slug in ("a", "b"):
            make_article(slug=slug, topics=(topic,))
        make_article(slug="c", topics=(other,))
        mirror = Mirror(client, topic="ai")
        mirror.follow()
        assert mirror.items.keys() == {"a", "b"}
        Article.objects.get(slug="a").topic_links.all().delete()
        make_article(slug="d", topics=(topic,))
        Article.objects.filter(slug="c").update(title="Other")
        told = {one["slug"]: "deleted" in one for one in mirror.follow()}
        assert told == {"a": True, "c": True, "d": False}
        assert mirror.items == {one["slug"]: one for one in pages(client, topic="ai")}

    def test_starts_with_the_articles_of_the_part(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        # First come the pages of the topic, then the changes made in the meantime.
        topic = make_topic("AI")
        for number in range(9):
            make_article(slug=f"other-{number}")
            make_article(slug=f"of-it-{number}", topics=(topic,))
        first = read(client, NEWS, updatedSince="", topic="ai", limit=4)
        assert [one["slug"] for one in first["value"]] == [f"of-it-{n}" for n in range(4)]
        Article.objects.filter(slug="of-it-1").update(title="Changed")
        Article.objects.filter(slug="of-it-7").delete()
        mirror = Mirror(client, topic="ai", limit=4)
        mirror.items = {one["slug"]: one for one in first["value"]}
        mirror.address = first["next"].removeprefix("http://testserver")
        told = mirror.follow()
        assert [one["slug"] for one in told] == [
            *("of-it-4", "of-it-5", "of-it-6", "of-it-8"),
            *("of-it-1", "of-it-7"),
        ]
        assert mirror.items == {one["slug"]: one for one in pages(client, topic="ai")}
        # Expect 4 queries: the edition, no changes, the last number, still no changes.
        with django_assert_num_queries(4):
            nothing = read(client, NEWS, updatedSince="", provider="nobody.example")
        assert (nothing["value"], nothing["more"]) == ([], False)


class TestPrivacy:
    @cases
    def test_articles_that_were_never_public_are_not_named(
        self, client: Client, case: Case
    ) -> None:
        mirror = Mirror(client)
        mirror.follow()
        article = case.make(title="Xylophone", slug="2026-03-01-xylophone")
        told = json.dumps(mirror.follow())
        assert ("ylophone" in told) is (case.status == 200)
        if case.status == 200:
            return
        Article.objects.filter(pk=article.pk).update(excerpt="Zither")
        Article.objects.filter(pk=article.pk).delete()
        told = json.dumps(mirror.follow())
        # An expired article was public, unless it was already expired when stored: see
        # test_change_feed.py.
        assert "ylophone" not in told


class TestMirror:
    def test_ends_equal_to_the_site(self, client: Client, tmp_path: Path) -> None:
        random.seed(5)
        for number in range(12):
            make_article(slug=f"2026-03-01-{number}", topics=(make_topic(),))
        make_superseded()
        mirror = Mirror(client, limit=7)
        parts = [
            Mirror(client, limit=5, topic="topic-1"),
            Mirror(client, provider="daily.example", type="article"),
        ]
        acts = _acts(tmp_path)
        done = 0
        for _ in range(ACTS):
            try:
                random.choice(acts)()
                done += 1
            except RefusedError:
                continue
            for one in (mirror, *parts):
                if random.random() < 0.1:
                    one.follow()
        for one in (mirror, *parts):
            one.follow()
        assert mirror.items == site(client)
        for part, asked in zip(
            parts, ({"topic": "topic-1"}, {"provider": "daily.example"}), strict=True
        ):
            assert part.items
            assert part.items == {one["slug"]: one for one in pages(client, limit=100, **asked)}
        assert done > ACTS / 2
        assert Article.objects.published().count() > 3
        # Each request reads only a small share of the articles.
        assert mirror.read < done * 4

    def test_schedules_that_take_effect_without_a_write(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = timezone.now()
        lead = make_article(slug="lead")
        report = make_article(slug="report", coverage_only=True, publish_from=now + HOUR)
        relate(lead, report)
        make_article(slug="comes", publish_from=now + 2 * HOUR)
        make_article(slug="goes", publish_until=now + 3 * HOUR)
        make_article(slug="both", publish_from=now + HOUR, publish_until=now + 3 * HOUR)
        mirror = Mirror(client)
        for hours in (0, 1, 2, 3, 4):
            later = now + hours * HOUR + timedelta(seconds=1)
            monkeypatch.setattr(timezone, "now", lambda later=later: later)
            mirror.follow()
            assert mirror.items == site(client), hours
        assert mirror.items.keys() == {"lead", "comes"}
        assert mirror.items["lead"]["coverageCount"] == 1


def _acts(folder: Path) -> list[Callable[[], object]]:
    """Return everything that can happen in a newsroom, each with one or two random articles."""

    def one() -> Article:
        return random.choice(list(Article.objects.filter(coverage_only=False).order_by("pk")))

    def perform(make: Callable[[], Any]) -> Callable[[], object]:
        return lambda: newsdesk.perform(make(), by=None, reason="by chance")

    def undo() -> object:
        act = Act.objects.order_by("-pk").first()
        return act and newsdesk.perform(newsdesk.undo(act), by=None, reason="by chance")

    def imported() -> object:
        number = random.randrange(6)
        url = f"https://daily.example/{number}"
        related = (entry(web_url=f"https://daily.example/{random.randrange(8)}/x"),)
        quality = random.choice([None, 30, 60, 80])
        made = document(
            title=f"Number {number}",
            web_url=url,
            quality=quality,
            heat=None,
            published=None,
            related=related,
            excerpt=f"What {random.randrange(9)}",
            topics=(f"Topic {random.randrange(3)}",),
        )
        put(folder, f"2024-05-01-number-{number}.md", made)
        return load(folder)

    return [
        perform(lambda: newsdesk.set_quality(one(), random.choice([None, 10, 60, 75, 90]))),
        perform(lambda: newsdesk.hold(one())),
        perform(lambda: newsdesk.publish(one())),
        perform(lambda: newsdesk.release(one())),
        perform(lambda: newsdesk.withdraw(one())),
        perform(lambda: newsdesk.pin(one())),
        perform(lambda: newsdesk.unpin(one())),
        perform(lambda: newsdesk.relate(one(), [one()])),
        perform(lambda: newsdesk.unrelate(one(), [one()])),
        perform(lambda: newsdesk.refuse(one(), [one()])),
        perform(lambda: newsdesk.edit(one(), title=f"Title {random.random()}")),
        undo,
        imported,
        lambda: Topic.objects.filter(slug="topic-1").update(name=f"Topic {random.random()}"),
        lambda: Provider.objects.filter(domain="daily.example").update(name=f"{random.random()}"),
        lambda: make_article(slug=f"2026-03-02-{random.getrandbits(60)}"),
    ]

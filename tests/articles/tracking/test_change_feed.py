"""The change feed records every change for readers, in a reliable order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from articles.models import Article, ArticleTopic, Change, Image, Related, StoredImage, Topic
from articles.tracking import change_feed
from articles.tracking.change_feed import Place
from providers.models import Provider
from tests.factories import NOW, make_article, make_stored_image, make_topic, relate

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def here() -> Place:
    """Return the position after all changes."""
    at = timezone.now()
    return Place(change_feed.since(Place(0, at, ""), 10_000, at).place.sequence, at, "")


def told(place: Place, at: Any = None) -> dict[str, bool]:
    """Return the changes since a position: slugs, and whether a removal may be reported."""
    events = change_feed.since(place, 10_000, at or timezone.now()).events
    return {event.slug: event.may_be_named for event in events}


@pytest.fixture
def story() -> dict[str, Article]:
    lead = make_article(slug="lead", topics=(make_topic("Zebras"),))
    report = make_article(slug="report", coverage_only=True)
    relate(lead, report)
    Image.objects.create(article=lead, position=0, url="https://a.example/1.jpg")
    other = make_article(slug="other")
    stored = make_stored_image(digest="0" * 64)
    Image.objects.create(article=other, position=0, url="https://a.example/2.jpg", stored=stored)
    draft = make_article(slug="draft", quality=10)
    return {"lead": lead, "report": report, "other": other, "draft": draft}


def update(slug: str, /, **values: Any) -> Callable[[], object]:
    return lambda: Article.objects.filter(slug=slug).update(**values)


def of(slug: str, rows: Any) -> Any:
    return rows.filter(article__slug=slug)


WRITES: dict[str, tuple[Callable[[], object], set[str]]] = {
    "its own text": (update("lead", title="Other"), {"lead"}),
    "a new one": (lambda: make_article(slug="new"), {"new"}),
    "a new draft": (lambda: make_article(slug="new", quality=10), set()),
    "of a draft": (update("draft", title="Other"), set()),
    "a draft is published": (update("draft", published=True), {"draft"}),
    "hold": (update("other", published=False, decision="hold"), {"other"}),
    "deletion": (lambda: Article.objects.filter(slug="other").delete(), {"other"}),
    "another slug": (update("other", slug="another"), {"other", "another"}),
    "what readers do not see": (update("lead", version=7, decision_reason="x", stem="x"), set()),
    "nothing": (update("lead", published=True), set()),
    "its coverage": (update("report", title="Other"), {"lead"}),
    "its coverage is held": (update("report", decision="hold"), {"lead"}),
    "no coverage": (lambda: of("lead", Related.objects).delete(), {"lead"}),
    "its image": (lambda: of("lead", Image.objects).update(title="Other"), {"lead"}),
    "its image, as it is": (lambda: of("lead", Image.objects).update(title=None), set()),
    "its image is kept": (
        lambda: of("lead", Image.objects).update(stored=make_stored_image()),
        {"lead"},
    ),
    "another copy": (
        lambda: StoredImage.objects.filter(digest="0" * 64).update(renditions=[]),
        {"other"},
    ),
    "another focal point": (lambda: StoredImage.objects.update(focal_y=10), {"other"}),
    "when it was kept": (lambda: StoredImage.objects.update(stored_at=NOW, byte_size=7), set()),
    "no image": (lambda: of("lead", Image.objects).delete(), {"lead"}),
    "no topic": (lambda: of("lead", ArticleTopic.objects).delete(), {"lead"}),
    "a topic is renamed": (lambda: Topic.objects.update(name="Other"), {"lead"}),
    "a topic's keywords": (lambda: Topic.objects.update(keywords=["x"]), set()),
    "providers are renamed": (lambda: Provider.objects.update(name="Other"), {"lead", "other"}),
    "their notes": (lambda: Provider.objects.update(notes="Other"), set()),
    "an image of a draft": (
        lambda: Image.objects.create(
            article=Article.objects.get(slug="draft"), position=0, url="https://a.example/2.jpg"
        ),
        set(),
    ),
}


class TestWrites:
    @pytest.mark.parametrize(("write", "expected"), WRITES.values(), ids=WRITES)
    def test_are_noted(
        self, story: dict[str, Article], write: Callable[[], object], expected: set[str]
    ) -> None:
        place = here()
        write()
        assert told(place).keys() == expected

    def test_have_unique_numbers(self, story: dict[str, Article]) -> None:
        Provider.objects.update(name="Other")
        Article.objects.update(title="Other")
        numbers = list(Change.objects.values_list("sequence", flat=True))
        assert len(numbers) == len(set(numbers)) >= 2

    def test_rolled_back_are_not_noted(self, story: dict[str, Article]) -> None:
        place = here()
        with transaction.atomic():
            make_article()
            transaction.set_rollback(True)
        assert told(place) == {}

    def test_in_pages(self) -> None:
        expected = [make_article().slug for _ in range(7)]
        place, slugs, has_more = Place(0, timezone.now(), ""), [], True
        while has_more:
            events, place, has_more = change_feed.since(place, 3, timezone.now())
            assert len(events) <= 3
            slugs += [event.slug for event in events]
        assert slugs == expected


class TestNames:
    """The slug of a removed article is reported only if the article was ever public."""

    def test_article_that_was_public(self) -> None:
        place = here()
        make_article(slug="a")
        update("a", published=False, decision="withdraw")()
        assert told(place) == {"a": True}

    def test_of_an_embargo_that_never_ended(self) -> None:
        place = here()
        make_article(slug="a", publish_from=timezone.now() + HOUR)
        update("a", title="Other")()
        assert told(place) == {"a": False}
        update("a", published=False, decision="withdraw")()
        assert told(place) == {"a": False}

    def test_of_one_dated_in_the_future(self) -> None:
        place = here()
        make_article(slug="a", published_at=timezone.now() + HOUR)
        update("a", title="Other")()
        assert told(place) == {"a": False}
        update("a", published=False, decision="withdraw")()
        assert told(place) == {"a": False}

    def test_of_one_dated_a_little_ahead(self) -> None:
        place = here()
        make_article(slug="a", published_at=timezone.now() + HOUR / 6)
        Article.objects.filter(slug="a").delete()
        assert told(place) == {"a": True}

    def test_of_an_embargo_that_ended_without_a_write(self) -> None:
        place = here()
        make_article(slug="a", publish_from=timezone.now() + HOUR)
        # Pretend that the hour passed without a write: triggers use the database's clock.
        _backdate("a", publish_from=timezone.now() - HOUR)
        update("a", published=False, decision="withdraw")()
        assert told(place) == {"a": True}

    def test_of_one_that_was_public_between_two_writes(self) -> None:
        place = here()
        now = timezone.now()
        make_article(slug="a", publish_from=now + HOUR, publish_until=now + 2 * HOUR)
        _backdate("a", publish_from=now - 2 * HOUR, publish_until=now - HOUR)
        Change.objects.update(noted_at=now - 3 * HOUR)
        Article.objects.filter(slug="a").delete()
        assert told(place) == {"a": True}

    def test_of_one_that_expired_before_it_was_stored(self) -> None:
        place = here()
        make_article(slug="a", publish_until=timezone.now() - HOUR)
        Article.objects.filter(slug="a").delete()
        assert told(place) == {"a": False}


def _backdate(slug: str, /, **moments: Any) -> None:
    """Set a schedule without firing triggers, as if it had always been there."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
            update(slug, **moments)()
            cursor.execute("SET LOCAL session_replication_role = origin")
            return
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'articles_article_update_notes'")
        (sql,) = cursor.fetchone()
        cursor.execute("DROP TRIGGER articles_article_update_notes")
        update(slug, **moments)()
        cursor.execute(sql)


class TestSchedules:
    @pytest.mark.parametrize("name", ["publish_from", "publish_until", "published_at"])
    @pytest.mark.parametrize("microsecond", [0, 1, 999_999])
    def test_schedules_are_reported_when_they_pass(self, name: str, microsecond: int) -> None:
        moment = (timezone.now() + HOUR).replace(microsecond=microsecond)
        is_date = name == "published_at"
        schedule: dict[str, Any] = {name: moment + HOUR / 4 if is_date else moment}
        lead = make_article(slug="lead")
        relate(lead, make_article(slug="report", coverage_only=True, **schedule))
        make_article(slug="own", **schedule)
        make_article(slug="draft", quality=10, **schedule)
        place = here()

        assert told(place, moment - timedelta(seconds=1)) == {}
        # The trigger does not know whether readers see the lead.
        assert told(place, moment) == {"lead": False, "own": True}
        found = change_feed.since(place, 10, moment)
        assert change_feed.since(found.place, 10, moment + HOUR).events == []

    def test_the_later_of_date_and_schedule_shows_it(self) -> None:
        now = timezone.now()
        make_article(slug="a", publish_from=now + HOUR, published_at=now + 2 * HOUR + HOUR / 4)
        make_article(slug="b", publish_from=now + 2 * HOUR, published_at=now + HOUR)
        make_article(slug="never", publish_until=now + HOUR, published_at=now + 2 * HOUR)
        place = here()
        # Nobody sees any of them yet, so that their slugs must not be told.
        assert told(place, now + HOUR) == {}
        assert told(place, now + 2 * HOUR) == {"a": True, "b": True}

    @pytest.mark.parametrize("name", ["publish_from", "published_at"])
    def test_of_one_moment_in_pages(self, name: str) -> None:
        moment = timezone.now() + HOUR
        time: dict[str, Any] = {name: moment + HOUR / 4 if name == "published_at" else moment}
        slugs = [make_article(slug=f"a{n}", **time).slug for n in range(5)]
        place, seen, has_more = here(), [], True
        while has_more:
            events, place, has_more = change_feed.since(place, 2, moment)
            seen += [event.slug for event in events]
        assert seen == slugs


class TestPlaces:
    def test_of_a_moment(self) -> None:
        make_article(slug="a")
        Change.objects.update(noted_at=timezone.now() - HOUR)
        make_article(slug="b")
        place = change_feed.place_of(timezone.now() - HOUR / 2)
        assert told(place).keys() == {"b"}
        assert told(change_feed.place_of(timezone.now() - 2 * HOUR)).keys() == {"a", "b"}

    def test_of_a_moment_includes_its_changes(self) -> None:
        make_article(slug="a")
        moment = timezone.now() - HOUR
        Change.objects.update(noted_at=moment)
        assert told(change_feed.place_of(moment)).keys() == {"a"}
        assert told(change_feed.place_of(moment + timedelta(milliseconds=1))) == {}

    def test_latest_is_after_everything(self) -> None:
        make_article(slug="a", publish_from=timezone.now() - HOUR)
        place = change_feed.latest(timezone.now())
        assert told(place) == {}
        make_article(slug="b")
        assert told(place).keys() == {"b"}

    def test_first_of_an_empty_newsroom(self) -> None:
        now = timezone.now()
        assert change_feed.latest(now) == Place(0, now, "")
        assert change_feed.since(Place(0, now, ""), 10, now).events == []

    def test_fail_beyond_the_last(self) -> None:
        make_article()
        with pytest.raises(change_feed.UnknownPlaceError):
            told(Place(10**9, timezone.now(), ""))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """With two writers, no number becomes visible before a smaller one."""

    def test_a_slow_writer_is_not_missed(self) -> None:
        make_article(slug="a")
        make_article(slug="b")
        place = here()

        def write() -> None:
            try:
                update("b", title="Other")()
            finally:
                connections.close_all()

        with transaction.atomic():
            update("a", title="Other")()
            second = Thread(target=write)
            second.start()
            # It waits for the first writer; otherwise a client could miss the first change.
            second.join(0.5)
            assert second.is_alive()
            asker = Thread(target=lambda: seen.append(_told_elsewhere(place)))
            seen: list[dict[str, bool]] = []
            asker.start()
            asker.join()
            assert seen == [{}]
        second.join()
        events = change_feed.since(place, 10, timezone.now()).events
        assert [event.slug for event in events] == ["a", "b"]


def _told_elsewhere(place: Place) -> dict[str, bool]:
    try:
        return told(place)
    finally:
        connections.close_all()

"""A large write is noted once, at its end, with the same result as by triggers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from random import Random
from typing import Any, NamedTuple

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from articles.models import Article, ArticleTopic, Change, Image, Related, StoredImage, Topic
from articles.search.index import FTS_TABLE
from articles.tracking import editions, sets
from articles.tracking.sets import in_sets
from newsroom import bulk
from providers.models import Provider
from tests.articles.test_migrations import triggers
from tests.factories import NOW, make_article, make_provider, make_stored_image, make_topic, relate

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
MANY = sets.FEWEST


class Outcome(NamedTuple):
    """The result of a write."""

    noted: dict[str, bool]
    """Each slug in the change feed that was noted, and whether readers ever saw its article."""
    marked: set[str]
    """Slugs of articles that changed for readers, without those that just appear."""
    filed: dict[str, str | None]
    words: list[Any]
    has_edition: bool


@pytest.fixture
def archive() -> None:
    """Store articles in all states, with topics, images, copies and coverage."""
    names = [make_topic(name) for name in ("Zebras", "Yaks", "Newts")]
    papers = [make_provider() for _ in range(3)]
    copies = [make_stored_image() for _ in range(2)]
    at = timezone.now()
    # The third was noted under its embargo, which has ended since.
    schedules = [{}, {"publish_from": at + HOUR}, {}, {"publish_until": at - HOUR}]
    articles = [
        make_article(
            slug=f"a-{number}",
            title=f"Headline {number}",
            provider=papers[number % 3],
            quality=(80, 80, 20, 90, None)[number % 5],
            topics=tuple(names[: number % 4]),
            **schedules[number % 4],
        )
        for number in range(12)
    ]
    for number, article in enumerate(articles):
        relate(article, *{articles[(number * 5 + 1) % 12], articles[(number + 3) % 12]} - {article})
        for position in range(number % 3):
            stored = copies[position] if number % 2 else None
            url = f"https://a.example/{number}-{position}.jpg"
            Image.objects.create(article=article, position=position, url=url, stored=stored)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE articles_article SET publish_from = %s WHERE slug = 'a-2'",
            [connection.ops.adapt_datetimefield_value(at - HOUR)],
        )
    Change.objects.filter(slug__in=["a-2", "a-5"]).update(shown=False)
    Change.objects.filter(slug="a-7").delete()


def vocabulary() -> list[Any]:
    """Return every word of the search index with its positions."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT slug, search::text FROM articles_article ORDER BY slug")
        else:
            cursor.execute(
                f"CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, {FTS_TABLE}, instance)"
            )
            cursor.execute("SELECT * FROM words ORDER BY term, doc, col, offset")
        found = list(cursor.fetchall())
        if connection.vendor == "sqlite":
            cursor.execute("DROP TABLE temp.words")
        return found


def outcome(write: Callable[[], object], *, is_set: bool) -> Outcome:
    """Return the result of a write, with triggers or as a set, and roll it back."""
    with transaction.atomic():
        before = set(Article.objects.values_list("slug", flat=True))
        published = set(Article.objects.published().values_list("slug", flat=True))
        last = max(Change.objects.values_list("sequence", flat=True))
        edition = editions.current()
        with in_sets(MANY) if is_set else nullcontext():
            write()
        slugs = dict(Article.objects.values_list("slug", "filed_under"))
        noted = Change.objects.filter(sequence__gt=last).values_list("slug", "shown")
        # Triggers also note slugs that an article had only in between.
        found = {slug: shown for slug, shown in noted if is_set or slug in before | slugs.keys()}
        changed = Change.objects.filter(changed_at__isnull=False)
        steady = Article.objects.filter(published=True, slug__in=before & slugs.keys())
        marked = set(changed.filter(slug__in=steady.values("slug")).values_list("slug", flat=True))
        result = Outcome(
            found, marked & published, slugs, vocabulary(), editions.current() != edition
        )
        transaction.set_rollback(True)
    return result


def random_write(seed: int) -> Callable[[], None]:
    """Return a write of some twenty random steps; the same ones each time it is called.

    It publishes, withholds, renames or deletes each article at most once, because triggers also
    note temporary states.
    """

    def write() -> None:
        random = Random(seed)
        moved: set[int] = set()
        for step in range(24):
            random_step(random, step, moved)

    return write


def random_step(random: Random, step: int, moved: set[int]) -> None:
    articles = list(Article.objects.order_by("pk"))
    topics = list(Topic.objects.order_by("name"))
    papers = list(Provider.objects.order_by("domain"))
    one, other = random.sample(articles, 2)
    own = Article.objects.filter(pk=one.pk)
    kind = random.randrange(16)
    if kind in {2, 4, 5, 14, 15}:
        if {one.pk, other.pk} & moved:
            return
        moved |= {one.pk, other.pk}
    if kind == 0:
        new = make_article(
            slug=f"new-{step}",
            title=f"New {step}",
            excerpt="",
            web_url=f"https://a.example/new-{step}",
            published_at=NOW + step * HOUR,
            provider=random.choice(papers),
            quality=random.choice([20, 80]),
            topics=tuple(random.sample(topics, 2)),
        )
        relate(new, one)
        relate(other, new)
        Image.objects.create(article=new, position=0, url="https://a.example/new.jpg")
    elif kind == 1:
        own.update(title=f"Other {step}", excerpt=random.choice(["", "Said before."]))
    elif kind == 2:
        own.update(published=not one.published, version=step)
    elif kind == 3:
        own.update(provider=random.choice(papers))
    elif kind == 4:
        # An import frees both slugs first.
        bulk.update(Article, ("slug",), [(f"moving {row.pk}", row.pk) for row in (one, other)])
        bulk.update(Article, ("slug",), [(other.slug, one.pk), (one.slug, other.pk)])
    elif kind == 5:
        own.delete()
    elif kind == 6:
        ArticleTopic.objects.filter(article=one).delete()
        missing = random.sample(topics, 2)
        for position, topic in enumerate(missing):
            ArticleTopic.objects.create(
                article=one, topic=topic, position=position, published_at=one.published_at
            )
    elif kind == 7:
        Related.objects.filter(article=one).delete()
        relate(one, other)
    elif kind == 8:
        Related.objects.filter(article=one).update(position=step)
    elif kind == 9:
        Image.objects.filter(article=one).update(title=random.choice([None, f"Image {step}"]))
    elif kind == 10:
        Image.objects.filter(article=one).delete()
    elif kind == 11:
        Topic.objects.filter(pk=random.choice(topics).pk).update(name=f"Topic {step}")
    elif kind == 12:
        Provider.objects.filter(pk=random.choice(papers).pk).update(
            name=f"Paper {step}", notes="Renamed"
        )
    elif kind == 13:
        StoredImage.objects.update(focal_x=step)
    elif kind == 14:
        own.update(publish_from=None, publish_until=timezone.now() - HOUR)
    else:
        bulk.update(Article, ("slug", "stem"), [(f"other-{step}", "x", one.pk)])


@pytest.mark.usefixtures("archive")
class TestSets:
    @pytest.mark.parametrize("seed", range(12))
    def test_have_the_same_result_as_triggers(self, seed: int) -> None:
        write = random_write(seed)
        expected = outcome(write, is_set=False)
        found = outcome(write, is_set=True)
        assert found.noted == expected.noted
        assert found.marked == expected.marked
        assert found.filed == expected.filed
        assert found.words == expected.words
        assert found.has_edition
        assert len(expected.noted) > 3

    def test_number_each_article_once_after_all_others(self) -> None:
        last = max(Change.objects.values_list("sequence", flat=True))
        with transaction.atomic(), in_sets(MANY):
            Article.objects.update(title="Other")
            Provider.objects.update(name="Other")
        numbers = list(Change.objects.values_list("sequence", flat=True))
        assert len(set(numbers)) == len(numbers)
        assert sum(number > last for number in numbers) >= 8

    def test_note_no_temporary_slug(self) -> None:
        with in_sets(MANY):
            Article.objects.filter(slug="a-0").update(slug="moving 0")
            Article.objects.filter(slug="moving 0").update(slug="b-0")
            make_article(slug="moving 1")
            Article.objects.filter(slug="moving 1").update(slug="b-1")
            make_article(slug="moving 2")
            Article.objects.filter(slug="moving 2").delete()
        slugs = set(Change.objects.values_list("slug", flat=True))
        assert {"a-0", "b-0", "b-1"} <= slugs
        assert not [slug for slug in slugs if slug.startswith("moving")]

    def test_may_be_nested(self) -> None:
        def write() -> None:
            with in_sets(MANY):
                Article.objects.filter(slug="a-0").update(title="Inner")
            Article.objects.filter(slug="a-3").update(title="Outer")

        assert {"a-0", "a-3"} <= outcome(write, is_set=True).noted.keys()

    def test_may_follow_each_other_in_a_transaction(self) -> None:
        def write() -> None:
            for title in ("First", "Second"):
                with in_sets(MANY):
                    Article.objects.filter(slug="a-0").update(title=title)

        assert outcome(write, is_set=False) == outcome(write, is_set=True)

    def test_few_rows_are_left_to_the_triggers(self) -> None:
        before = triggers()
        with in_sets(MANY - 1):
            assert triggers() == before
            Article.objects.filter(slug="a-0").update(title="Other", slug="b")
            assert Change.objects.filter(slug="b").exists()

    def test_leave_the_triggers_as_they_were(self) -> None:
        before = triggers()
        with in_sets(MANY):
            pass
        assert triggers() == before

    def test_that_fail_leave_the_triggers_as_they_were(self) -> None:
        before = triggers()
        last = max(Change.objects.values_list("sequence", flat=True))

        with pytest.raises(IntegrityError), in_sets(MANY):
            Article.objects.update(title="Other", slug="the same")
        assert triggers() == before
        assert not Change.objects.filter(sequence__gt=last).exists()
        Article.objects.filter(slug="a-0").update(title="By a trigger")
        assert Change.objects.filter(sequence__gt=last).exists()


@contextmanager
def broken_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the database refuse the last step of a set."""
    database = sets.postgresql_sets if connection.vendor == "postgresql" else sets.sqlite_sets
    monkeypatch.setattr(database, "end", lambda execute, begun: execute("SELECT no_such_column"))
    yield
    monkeypatch.undo()


def test_an_error_at_the_end_is_djangos(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that the database refuses is reported as for any other statement."""
    with broken_end(monkeypatch), pytest.raises(DatabaseError), in_sets(MANY):
        pass

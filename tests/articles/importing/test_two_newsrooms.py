"""Two newsrooms that exchange folders end up with the same articles."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from articles import newsdesk
from articles.documents import ArticleDocument, RelatedEntry
from articles.importing import export
from articles.importing.decisions import of_article
from articles.importing.snapshot import of_article as texts_of
from articles.models import Article, ImportConflict, Pair
from tests.articles.samples import document, entry, load, put

# Once: the test copies databases that SQLite keeps in memory.
pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.no_cover]

SOON = (datetime.now(tz=UTC) + timedelta(days=1)).replace(microsecond=0)
PAST = SOON - timedelta(days=3)


def story() -> list[ArticleDocument]:
    """Return four documents of one story, some with a score of their own."""
    urls = [f"https://daily.example/{number}" for number in range(4)]
    scores: list[dict[str, Any]] = [
        {"quality": 65, "heat": None, "published": None},
        {"quality": 60, "heat": None, "published": None},
        {"quality": 55, "heat": -1, "published": False},
        {"quality": 40, "heat": 40, "published": False},
    ]

    def named(number: int) -> RelatedEntry:
        return entry(title=f"Report {number}", web_url=urls[number], quality=None)

    return [
        document(
            title=f"Report {number}",
            web_url=urls[number],
            related=tuple(named(other) for other in range(3) if other != number and number < 3),
            **scores[number],
        )
        for number in range(4)
    ]


Act = Callable[[random.Random, Article], newsdesk.Change]
ACTS: tuple[Act, ...] = (
    lambda chance, one: newsdesk.edit(one, title=f"Title {chance.randrange(4)}"),
    lambda chance, one: newsdesk.edit(one, excerpt=f"Excerpt {chance.randrange(3)}"),
    lambda chance, one: newsdesk.set_quality(one, chance.choice([None, 30, 60, 70, 80])),
    lambda chance, one: newsdesk.hold(one, until=chance.choice([None, SOON])),
    lambda chance, one: newsdesk.publish(one),
    lambda chance, one: newsdesk.withdraw(one),
    lambda chance, one: newsdesk.release(one),
    lambda chance, one: newsdesk.schedule(one, begin=chance.choice([None, PAST]), end=SOON),
    lambda chance, one: newsdesk.schedule(one, begin=None, end=None),
    lambda chance, one: newsdesk.pin(one),
    lambda chance, one: newsdesk.unpin(one),
    lambda chance, one: newsdesk.refuse(one, [chance.choice(Article.objects.exclude(pk=one.pk))]),
)


def decide(chance: random.Random, times: int) -> None:
    """Make random decisions, except those that are refused."""
    for _ in range(times):
        articles = Article.objects.filter(coverage_only=False).order_by("slug")
        one = chance.choice(list(articles))
        try:
            change = chance.choice(ACTS)(chance, one)
            newsdesk.perform(change, by=None, reason=chance.choice(["", "Why"]))
        except newsdesk.RefusedError:
            continue


def newsroom() -> dict[str, Any]:
    now = datetime.now(tz=UTC)
    return {
        one.slug: {
            **texts_of(one),
            **of_article(one, now),
            "score": (one.heat, one.published, one.state_at(now)),
            "verdicts": sorted(
                (pair.first.slug, pair.second.slug, pair.verdict)
                for pair in Pair.objects.decided().of([one.pk])
            ),
        }
        for one in Article.objects.filter(coverage_only=False)
    }


def send(folder: Path) -> None:
    list(export.export(Article.objects.all(), folder))


@pytest.fixture(scope="module")
def blank(django_db_setup: None, django_db_blocker: Any) -> Iterator[sqlite3.Connection]:
    """Copy the blank database, before any test begins a transaction."""
    copy = sqlite3.connect(":memory:")
    with django_db_blocker.unblock():
        connections["default"].ensure_connection()
        connections["default"].connection.backup(copy)
    yield copy
    copy.close()


@pytest.fixture
def elsewhere(blank: sqlite3.Connection) -> Iterator[Callable[[], Any]]:
    """Return a context manager: inside it, everything happens in another newsroom."""
    here = connections["default"]
    there = connections.create_connection("default")
    there.settings_dict = {**here.settings_dict, "NAME": ":memory:"}
    there.connect()
    blank.backup(there.connection)

    @contextmanager
    def inside() -> Iterator[None]:
        connections["default"] = there
        try:
            yield
        finally:
            connections["default"] = here

    yield inside
    there.connection.close()


@pytest.fixture
def at_first(tmp_path: Path) -> Path:
    for number, one in enumerate(story()):
        put(tmp_path / "in", f"{number}.txt", one)
    load(tmp_path / "in")
    return tmp_path / "in"


class TestTwoNewsrooms:
    def test_agree_on_a_pin_after_one_export(
        self, tmp_path: Path, at_first: Path, elsewhere: Any
    ) -> None:
        with elsewhere():
            load(at_first)
        second = Article.objects.get(title="Report 1")
        newsdesk.perform(newsdesk.pin(second), by=None)
        before = newsroom()
        send(tmp_path / "out")
        with elsewhere():
            report = load(tmp_path / "out")
            assert report.updated
            assert newsroom() == before

    def test_revert_each_others_edits_without_a_conflict(
        self, tmp_path: Path, at_first: Path, elsewhere: Any
    ) -> None:
        with elsewhere():
            load(at_first)
        first = Article.objects.get(title="Report 0")
        newsdesk.perform(newsdesk.edit(first, title="Ours"), by=None)
        newsdesk.perform(newsdesk.pin(Article.objects.get(pk=first.pk)), by=None)
        send(tmp_path / "a")
        with elsewhere():
            load(tmp_path / "a")
            article = Article.objects.get(title="Ours")
            newsdesk.perform(newsdesk.edit(article, title="Report 0"), by=None)
            newsdesk.perform(newsdesk.unpin(Article.objects.get(pk=article.pk)), by=None)
            send(tmp_path / "b")
        load(tmp_path / "b")
        first.refresh_from_db()
        assert (first.title, first.is_pinned) == ("Report 0", False)
        assert not ImportConflict.objects.exists()

    def test_a_newer_source_is_still_compared_with_the_older_one(
        self, tmp_path: Path, at_first: Path
    ) -> None:
        first = Article.objects.get(title="Report 0")
        newsdesk.perform(newsdesk.edit(first, title="Ours"), by=None)
        send(tmp_path / "out")
        put(at_first, "0.txt", document(title="Theirs", web_url=first.web_url))
        load(at_first)
        assert Article.objects.get(pk=first.pk).title == "Ours"
        assert ImportConflict.objects.filter(field="title").exists()

    @pytest.mark.parametrize("seed", range(8))
    def test_are_equal_after_each_round(
        self, tmp_path: Path, at_first: Path, elsewhere: Any, seed: int
    ) -> None:
        chance = random.Random(seed)
        with elsewhere():
            load(at_first)
            # Both work at first, without knowing of each other.
            decide(chance, 3)
        for number in range(3):
            decide(chance, 4)
            send(tmp_path / f"a{number}")
            with elsewhere():
                load(tmp_path / f"a{number}")
                decide(chance, 4)
                send(tmp_path / f"b{number}")
                there = newsroom()
            load(tmp_path / f"b{number}")
            assert newsroom() == there

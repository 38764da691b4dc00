"""Articles come into sight by the database's clock, whatever the clock of this machine says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from newsroom import database_clock

# The tests' own clock takes its place before each test.
from newsroom.database_clock import ASK_EVERY, now
from tests.factories import make_article

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
HALF = timedelta(seconds=30)
TICK = timedelta(seconds=5)


@pytest.fixture(autouse=True)
def real_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_clock, "now", now)
    monkeypatch.setattr(database_clock, "_last", None)


def set_clock(patch: pytest.MonkeyPatch, minutes: int) -> None:
    real = timezone.now
    patch.setattr(timezone, "now", lambda: real() + timedelta(minutes=minutes))


@pytest.mark.parametrize("minutes", [-1, 1])
def test_embargoes_with_a_clock_that_is_off(
    client: Client, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    at = timezone.now()
    make_article(title="Too early", publish_from=at + HALF)
    make_article(title="Came out", publish_from=at - HALF)
    make_article(title="Still there", publish_until=at + HALF)
    make_article(title="Too late", publish_until=at - HALF)
    set_clock(monkeypatch, minutes)
    for url in ("/", "/feed.atom", "/api/v1/news/"):
        page = client.get(url).content
        seen = {
            name
            for name in (b"Came out", b"Still there", b"Too early", b"Too late")
            if name in page
        }
        assert seen == {b"Came out", b"Still there"}, url


def test_asks_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    passed = [1000.0]
    began = timezone.now()
    monkeypatch.setattr(database_clock, "monotonic", lambda: passed[0])
    monkeypatch.setattr(timezone, "now", lambda: began + timedelta(seconds=passed[0]))
    with django_assert_num_queries(1):
        first = now()
        passed[0] += ASK_EVERY - 1
        assert now() == first + timedelta(seconds=ASK_EVERY - 1)
    passed[0] += 1
    with django_assert_num_queries(1):
        # No time has passed for the database.
        assert abs(now() - first) < TICK


def test_asks_again_when_this_clock_was_set(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = now()
    set_clock(monkeypatch, 5)
    with django_assert_num_queries(1):
        assert abs(now() - first) < TICK

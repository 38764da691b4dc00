"""Signs of life of workers, and what they claim. ``test_worker.py`` looks at real processes."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from articles import signs_of_life
from articles.models import Worker
from articles.signs_of_life import Signs
from newsroom import database_clock

pytestmark = pytest.mark.django_db

UNIT = {"id": "1", "task": "articles.tasks.deliver", "arguments": {"hook": 1}}
NAME = "deliver hook=1"


def another(pid: int = 7) -> Signs:
    """Return the signs of another process."""
    signs = Signs("urgent")
    at = database_clock.now()
    row = Worker.objects.create(host="news-2", pid=pid, queue="urgent", begun_at=at, seen_at=at)
    signs.pk = row.pk
    return signs


def fall_silent() -> None:
    Worker.objects.update(seen_at=database_clock.now() - timedelta(seconds=41))


class TestSigns:
    def test_each_sign_renews_one_row(self) -> None:
        signs = Signs("images")
        signs.give()
        begun = Worker.objects.get()
        assert (begun.queue, begun.pid, begun.doing) == ("images", os.getpid(), "")
        assert signs.take(NAME, UNIT)
        signs.give()
        again = Worker.objects.get()
        assert (again.pk, again.doing, again.unit) == (begun.pk, NAME, UNIT)
        assert again.doing_since is not None
        assert again.seen_at > begun.seen_at
        signs.release()
        again.refresh_from_db()
        assert (again.doing, again.unit) == ("", None)
        signs.end()
        assert not Worker.objects.exists()

    def test_a_row_that_was_removed_comes_back(self) -> None:
        signs = Signs("images")
        signs.give()
        Worker.objects.all().delete()
        signs.give()
        assert Worker.objects.get().queue == "images"

    def test_dead_processes_are_silent_then_forgotten(self) -> None:
        at = database_clock.now()
        for pid, age in (
            (1, timedelta(seconds=39)),
            (2, timedelta(hours=23)),
            (3, timedelta(hours=25)),
        ):
            Worker.objects.create(
                host="news-2", pid=pid, queue="images", begun_at=at, seen_at=at - age
            )
        Signs("urgent").give()
        rows = {one.pid: one.is_alive(at) for one in Worker.objects.filter(host="news-2")}
        assert rows == {1: True, 2: False}
        assert set(Worker.objects.alive(at).values_list("pid", flat=True)) == {1, os.getpid()}

    def test_has_the_error_of_its_clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ask = database_clock.ask
        monkeypatch.setattr(database_clock, "ask", lambda: ask() - timedelta(seconds=30))
        Signs("images").give()
        assert Worker.objects.get().clock_offset == pytest.approx(30, abs=5)

    def test_a_database_that_does_not_answer_does_not_end_the_work(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail() -> None:
            raise OperationalError("no database today")

        monkeypatch.setattr(signs_of_life.database_clock, "ask", fail)
        with signs_of_life.signing("images"):
            pass
        assert "no database today" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_no_thread_waits_for_the_other_inside_a_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signs, waits = Signs("images"), []

    class Lock:
        def __enter__(self) -> None:
            # On SQLite this would keep the other thread, which has the lock, from writing.
            waits.append(connection.in_atomic_block)

        def __exit__(self, *_: object) -> None:
            assert not connection.in_atomic_block

    monkeypatch.setattr(signs, "_lock", Lock())
    signs.give()
    assert signs.take(NAME, UNIT)
    signs.give()
    signs.release()
    assert waits == [False] * 3


class TestClaims:
    def test_only_one_process_does_a_unit(self) -> None:
        first, second = another(), Signs("urgent")
        assert first.take(NAME, UNIT)
        assert not second.take(NAME, UNIT)
        assert second.take("deliver hook=2", UNIT)
        assert signs_of_life.names() == {NAME, "deliver hook=2"}
        # The second told the first that somebody wants it.
        assert first.release()
        assert not second.release()
        assert second.take(NAME, UNIT)
        assert not second.release()

    def test_that_of_a_silent_process_is_free(self) -> None:
        first, second = another(), Signs("urgent")
        assert first.take(NAME, UNIT)
        fall_silent()
        assert signs_of_life.names() == set()
        assert second.take(NAME, UNIT)
        # It was only slow, and must not take it from the second.
        first.give()
        assert not first.take(NAME, UNIT)
        first.release()
        assert signs_of_life.names() == {NAME}

    def test_the_unit_of_a_dead_process_is_lost(self) -> None:
        first = another()
        first.take(NAME, UNIT)
        assert not signs_of_life.lost()
        fall_silent()
        (dead,) = signs_of_life.lost()
        assert dead.unit == UNIT
        signs_of_life.free(dead)
        assert not signs_of_life.lost()

    def test_a_process_that_its_parent_saw_end_is_dead_at_once(self) -> None:
        own = Signs("urgent")
        own.take(NAME, UNIT)
        signs_of_life.declare_dead(os.getpid())
        assert signs_of_life.lost()

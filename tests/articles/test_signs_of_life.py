"""Signs of life of workers. ``test_worker.py`` looks at those of real processes."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.db import OperationalError

from articles import signs_of_life
from articles.models import Worker
from articles.signs_of_life import Signs, doing
from newsroom import database_clock

pytestmark = pytest.mark.django_db


def test_each_sign_renews_one_row() -> None:
    signs = Signs("images")
    signs.give()
    begun = Worker.objects.get()
    assert (begun.queue, begun.pid, begun.doing) == ("images", os.getpid(), "")
    with doing("keep_images"):
        signs.give()
    again = Worker.objects.get()
    assert (again.pk, again.doing) == (begun.pk, "keep_images")
    assert again.doing_since is not None
    assert again.seen_at > begun.seen_at
    signs.give()
    assert Worker.objects.get().doing == ""
    signs.end()
    assert not Worker.objects.exists()


def test_a_row_that_was_removed_comes_back() -> None:
    signs = Signs("images")
    signs.give()
    Worker.objects.all().delete()
    signs.give()
    assert Worker.objects.get().queue == "images"


def test_dead_processes_are_silent_then_forgotten() -> None:
    at = database_clock.now()
    for pid, age in (
        (1, timedelta(seconds=59)),
        (2, timedelta(hours=23)),
        (3, timedelta(hours=25)),
    ):
        Worker.objects.create(host="news-2", pid=pid, queue="images", begun_at=at, seen_at=at - age)
    Signs("events").give()
    rows = {one.pid: one.is_alive(at) for one in Worker.objects.filter(host="news-2")}
    assert rows == {1: True, 2: False}
    assert set(Worker.objects.alive(at).values_list("pid", flat=True)) == {1, os.getpid()}


def test_has_the_error_of_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = database_clock.ask
    monkeypatch.setattr(database_clock, "ask", lambda: ask() - timedelta(seconds=30))
    Signs("images").give()
    assert Worker.objects.get().clock_offset == pytest.approx(30, abs=5)


def test_a_database_that_does_not_answer_does_not_end_the_work(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OperationalError("no database today")

    monkeypatch.setattr(signs_of_life.database_clock, "ask", fail)
    with signs_of_life.signing("images"):
        pass
    assert "no database today" in caplog.text

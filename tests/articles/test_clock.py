"""The clock queues what is due, once, on one of several machines."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from articles import units, worker
from articles.importing import uploads
from articles.models import HookDelivery, Worker
from articles.newsdesk import moments
from articles.signs_of_life import Signs
from articles.tasks import deliver, keep_images, tidy
from articles.tracking import change_feed
from articles.watching import queue
from articles.worker import Clock
from newsroom import database_clock
from tests.articles.test_signs_of_life import another, fall_silent
from tests.articles.webhooks.test_delivery import make_hook, put
from tests.articles.working_off import work_off
from tests.factories import make_article

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock() -> Clock:
    """Return a clock that has queued the regular units, which are done."""
    found = Clock(another(pid=8))
    found.tick()
    work_off()
    DBTaskResult.objects.all().delete()
    return found


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ten seconds pass each time that the clock looks."""
    monkeypatch.setattr(worker, "monotonic", count(step=10).__next__)


def queued() -> list[str]:
    """Return the names of the units that wait, and empty the queue."""
    ready = DBTaskResult.objects.filter(status="READY")
    found = sorted(units.named(one.task_path, one.args_kwargs["kwargs"]) for one in ready)
    ready.delete()
    return found


class TestQueueing:
    def test_the_regular_units_first_and_every_ten_minutes(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = Clock(Signs("clock"))
        clock.tick()
        assert queued() == [
            "find_images",
            "follow_moments",
            "note_events",
            "refit_quality",
            "tidy",
        ]
        moments.catch_up()
        clock.tick()
        assert queued() == []
        clock.anyway_at = 0
        clock.tick()
        assert queued() == ["find_images", "note_events", "refit_quality", "tidy"]

    def test_what_a_change_needs(self, clock: Clock) -> None:
        make_article(published=True, heat=80)
        clock.tick()
        assert queued() == ["find_images", "note_events"]
        clock.tick()
        assert queued() == []

    def test_what_is_due_until_it_is_done(self, clock: Clock) -> None:
        make_article(publish_until=timezone.now())
        hook = make_hook("https://mirror.example/")
        put(hook, "a", "b")
        clock.tick()
        names = [f"deliver hook={hook.pk}", "follow_moments"]
        assert set(names) <= set(queued())
        # For example, the queue was emptied, or the unit failed.
        clock.tick()
        assert queued() == names
        other = another()
        other.take(names[0])
        clock.tick()
        assert queued() == names[1:]
        HookDelivery.objects.all().delete()
        moments.catch_up()
        clock.tick()
        assert queued() == []

    def test_nothing_that_waits_already(self, clock: Clock) -> None:
        put(make_hook("https://mirror.example/"), "a")
        for _ in range(3):
            clock.tick()
        assert len(queued()) == 1

    def test_a_unit_that_is_still_due_after_a_pause(
        self, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(make_hook("https://mirror.example/"), "a")
        monkeypatch.setattr(worker, "monotonic", count(start=100, step=0.1).__next__)
        clock.tick()
        assert len(queued()) == 1
        clock.tick()
        assert queued() == []

    def test_parts_of_imports(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(uploads, "unprepared", lambda: [6])
        monkeypatch.setattr("articles.importing.queued.unfinished", lambda: [(5, 0), (5, 7)])
        clock.tick()
        parts = ["import_part part=0 upload=5", "import_part part=7 upload=5"]
        assert queued() == [*parts, "prepare_import upload=6"]

    def test_more_images_when_the_last_ones_are_done(self, clock: Clock) -> None:
        keep_images.enqueue(host="pictures.example", urls=[], providers=[])
        clock.tick()
        other = another()
        other.take("keep_images host=pictures.example")
        assert queued() == ["keep_images host=pictures.example"]
        clock.tick()
        assert queued() == []
        other.release()
        clock.tick()
        assert queued() == ["find_images"]
        clock.tick()
        assert queued() == []


class TestOneOfSeveral:
    def test_others_stand_by_until_it_is_dead(self, clock: Clock) -> None:
        signs = another()
        second = Clock(signs)
        make_article(published=True, heat=80)
        second.tick()
        assert queued() == []
        clock.tick()
        assert queued() == ["find_images", "note_events"]
        fall_silent()
        signs.give()
        second.tick()
        assert queued() == ["find_images", "note_events", "refit_quality", "tidy"]
        # The first was only slow.
        clock.signs.give()
        make_article(published=True, heat=80)
        clock.tick()
        assert queued() == []

    def test_a_former_clock_of_the_same_machine_that_has_ended(self) -> None:
        former = Signs("clock")
        former.take("clock")
        Clock(another()).tick()
        assert queued() == []
        # There are no such ids.
        Worker.objects.filter(doing="clock").update(pid=2**40)
        Clock(another(pid=8)).tick()
        assert "find_images" in queued()


class TestDeadWorkers:
    def die_with(self, unit: Any, **arguments: Any) -> DBTaskResult[Any, None]:
        unit.enqueue(**arguments)
        row = DBTaskResult.objects.get()
        row.claim("worker")
        path, kwargs = row.task_path, row.args_kwargs["kwargs"]
        other = another()
        other.take(
            units.named(path, kwargs), {"id": str(row.pk), "task": path, "arguments": kwargs}
        )
        return row

    def test_their_units_are_queued_again_with_the_same_arguments(self, clock: Clock) -> None:
        arguments = {"host": "a.example", "urls": ["https://a.example/1"], "providers": []}
        row = self.die_with(keep_images, **arguments)
        clock.tick()
        assert queued() == []
        Worker.objects.filter(pid=7).update(seen_at=database_clock.now() - timedelta(seconds=41))
        clock.tick()
        again = DBTaskResult.objects.get(status="READY")
        assert again.args_kwargs["kwargs"] == arguments
        row.refresh_from_db()
        assert (row.status, row.traceback) == ("FAILED", units.KILLED)
        assert queue.failed(5) == []
        clock.tick()
        assert queued() == ["keep_images host=a.example"]

    def test_units_that_they_had_not_begun_count_as_killed(self) -> None:
        deliver.enqueue(hook=1)
        tidy.enqueue()
        DBTaskResult.objects.update(
            status="RUNNING", started_at=timezone.now() - timedelta(minutes=1)
        )
        doing = DBTaskResult.objects.get(task_path=tidy.module_path)
        another().take("tidy", {"id": str(doing.pk), "task": tidy.module_path, "arguments": {}})
        units.forget_finished(timezone.now())
        states = dict(DBTaskResult.objects.values_list("task_path", "status"))
        assert states == {deliver.module_path: "FAILED", tidy.module_path: "RUNNING"}


class TestFaults:
    @pytest.mark.parametrize(
        "error",
        [OperationalError("no answer"), units.UnavailableError("no answer")],
        ids=["database", "redis"],
    )
    def test_go_by(
        self,
        clock: Clock,
        error: Exception,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def fail(*_: object) -> None:
            raise error

        make_article(published=True, heat=80)
        with monkeypatch.context() as broken:
            broken.setattr(units, "enqueue_all", fail)
            clock.tick()
        assert "no answer" in caplog.text
        clock.tick()
        assert queued() == ["find_images", "note_events"]

    def test_a_restored_backup(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise change_feed.UnknownPlaceError

        with monkeypatch.context() as restored:
            restored.setattr(change_feed, "since", fail)
            clock.tick()
        clock.tick()
        assert queued() == ["find_images", "note_events", "refit_quality", "tidy"]

"""Queueing units, and doing each only once at a time."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from articles import units
from articles.models import Worker
from articles.newsdesk import moments
from articles.tasks import deliver, follow_moments, keep_images, prepare_import
from articles.units import enqueue, enqueue_all, waiting
from articles.webhooks import delivery
from tests.articles.test_signs_of_life import another
from tests.articles.working_off import work_off

pytestmark = pytest.mark.django_db(transaction=True)


def states() -> list[tuple[str, str]]:
    rows = DBTaskResult.objects.order_by("enqueued_at").values_list("task_path", "status")
    return [(path.rpartition(".")[2], status) for path, status in rows]


class TestQueueing:
    def test_after_the_commit(self) -> None:
        with transaction.atomic():
            enqueue(deliver, hook=1)
            assert states() == []
        assert states() == [("deliver", "READY")]

    def test_not_after_a_rollback(self) -> None:
        with transaction.atomic():
            enqueue(deliver, hook=1)
            transaction.set_rollback(True)
        assert states() == []

    def test_once_until_it_begins(self) -> None:
        enqueue(deliver, hook=1)
        with CaptureQueriesContext(connection) as queries:
            enqueue(deliver, hook=1)
        assert len(queries) == 1
        enqueue(deliver, hook=2)
        assert waiting(deliver) == {"deliver hook=1", "deliver hook=2"}
        assert len(states()) == 2
        DBTaskResult.objects.update(status=TaskResultStatus.RUNNING)
        # The running ones may already have passed this work.
        enqueue(deliver, hook=1)
        assert len(states()) == 3

    def test_lists_do_not_distinguish_units(self) -> None:
        for url in "ab":
            enqueue(keep_images, host="pictures.example", urls=[url], providers=[])
        assert waiting(keep_images) == {"keep_images host=pictures.example"}
        assert DBTaskResult.objects.get().args_kwargs["kwargs"]["urls"] == ["a"]

    def test_many_with_one_look_at_the_queue(self) -> None:
        enqueue(deliver, hook=2)
        with CaptureQueriesContext(connection) as queries:
            enqueue_all(deliver, ({"hook": hook} for hook in range(5)))
        assert len([one for one in queries if one["sql"].startswith("SELECT")]) == 1
        assert len(states()) == 5

    def test_a_failing_queue_does_not_fail_the_caller(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(task: Any) -> bool:
            raise units.UnavailableError("no queue today")

        monkeypatch.setattr(units, "waiting", fail)
        with transaction.atomic():
            enqueue(deliver, hook=1)
        assert "no queue today" in caplog.text


class TestDoing:
    def test_urgent_units_come_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        done: list[str] = []
        monkeypatch.setattr("articles.images.keeping.keep", lambda **_: done.append("images"))
        monkeypatch.setattr("articles.importing.uploads.prepare", lambda *_: done.append("import"))
        monkeypatch.setattr(moments, "catch_up", lambda **_: done.append("moments"))
        enqueue(keep_images, host="pictures.example", urls=[], providers=[])
        enqueue(prepare_import, upload=1)
        enqueue(follow_moments)
        work_off()
        assert done == ["moments", "import", "images"]

    def test_shows_what_it_does_meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[Worker] = []
        monkeypatch.setattr(delivery, "deliver", lambda *_: seen.extend(Worker.objects.all()))
        enqueue(deliver, hook=3)
        work_off()
        assert [(one.queue, one.doing) for one in seen] == [("urgent", "deliver hook=3")]
        assert not Worker.objects.exists()

    def test_leaves_a_unit_to_the_worker_that_does_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done: list[int] = []
        monkeypatch.setattr(delivery, "deliver", lambda hook, _: done.append(hook))
        other = another()
        other.take("deliver hook=1")
        enqueue_all(deliver, [{"hook": 1}, {"hook": 2}])
        work_off()
        assert done == [2]
        # It is done once more by the other.
        assert other.release()

    def test_does_it_once_more_if_somebody_else_was_given_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other, results = another(), []
        monkeypatch.setattr(
            delivery, "deliver", lambda *_: results.append(other.take("deliver hook=1"))
        )
        enqueue(deliver, hook=1)
        work_off(2)
        assert results == [False, False]
        assert waiting(deliver) == {"deliver hook=1"}

    def test_a_failure_frees_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise OSError("the disk is full")

        monkeypatch.setattr(delivery, "deliver", fail)
        enqueue(deliver, hook=1)
        work_off()
        assert states() == [("deliver", "FAILED")]
        assert another().take("deliver hook=1")
        row = DBTaskResult.objects.get()
        assert units.failed_since(deliver, row.enqueued_at) == {"deliver hook=1"}
        assert row.finished_at
        assert units.failed_since(deliver, row.finished_at) == set()

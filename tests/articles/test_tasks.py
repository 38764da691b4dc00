"""Waking tasks, and running only one at a time."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from articles import tasks
from articles.tasks import keep_images, wake
from tests.articles.importing.processes import Environment, Newsrooms
from tests.articles.samples import ROOT


def waiting() -> list[tuple[str, str]]:
    return list(DBTaskResult.objects.values_list("task_path", "status"))


class TestWaking:
    @pytest.mark.django_db(transaction=True)
    def test_after_the_commit(self) -> None:
        with transaction.atomic():
            wake(keep_images)
            assert waiting() == []
        assert waiting() == [("articles.tasks.keep_images", "READY")]

    @pytest.mark.django_db(transaction=True)
    def test_not_after_a_rollback(self) -> None:
        with transaction.atomic():
            wake(keep_images)
            transaction.set_rollback(True)
        assert waiting() == []

    @pytest.mark.django_db(transaction=True)
    def test_runs_once_for_all_requests_before_it_begins(self) -> None:
        wake(keep_images)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            wake(keep_images)
        assert len(queries) == 1
        assert len(waiting()) == 1
        DBTaskResult.objects.update(status=TaskResultStatus.RUNNING)
        # The running task may already have passed this work.
        wake(keep_images)
        assert len(waiting()) == 2

    @pytest.mark.django_db(transaction=True)
    def test_a_failing_queue_does_not_fail_the_caller(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(task: Any) -> bool:
            raise ConnectionError("no queue today")

        monkeypatch.setattr(tasks, "is_waiting", fail)
        with transaction.atomic():
            wake(keep_images)
        assert "no queue today" in caplog.text


HOLD = """
import django, sys
django.setup()
from articles.tasks import alone
with alone("images") as is_alone:
    print(is_alone, flush=True)
    sys.stdin.readline()
"""


@pytest.mark.slow
class TestBeingAlone:
    def hold(self, environment: Environment) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        return process, process.stdout.readline().strip()

    def test_until_the_end_of_the_process_however_it_ends(self, newsrooms: Newsrooms) -> None:
        with newsrooms.make("alone") as environment:
            first, is_alone = self.hold(environment)
            assert is_alone == "True"
            second, is_alone = self.hold(environment)
            assert is_alone == "False"
            second.communicate("\n")
            # A task that was not alone does not release the other task's lock.
            third, is_alone = self.hold(environment)
            assert is_alone == "False"
            third.communicate("\n")
            first.kill()
            first.communicate()
            fourth, is_alone = self.hold(environment)
            assert is_alone == "True"
            fourth.communicate("\n")

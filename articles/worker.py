"""The background worker: one process for each task's queue, and a clock that wakes the tasks.

Queues have no timers, and they lose a task if its worker is killed. The clock therefore wakes a
task when something changes for readers (``articles/tracking/change_feed.py``), when it is due, when
its process restarts, and every ``ANYWAY`` seconds.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from time import monotonic
from typing import Final

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from django_tasks_db.backend import DatabaseBackend
from django_tasks_db.models import DBTaskResult

from articles import signs_of_life
from articles.importing import uploads
from articles.models import SignIn
from articles.newsdesk import moments
from articles.tasks import (
    FOR_READERS,
    TASKS,
    AnyTask,
    follow_moments,
    import_uploads,
    send_events,
    wake,
)
from articles.tracking import change_feed
from articles.tracking.change_feed import Place
from articles.webhooks import delivery
from newsroom.interrupts import stop_on_signal

INTERVAL: Final = 1.0
"""Seconds between two checks for work."""
ANYWAY: Final = 600.0
"""Seconds after which every task is woken in any case."""
GRACE: Final = 30.0
"""How many seconds a process has to finish; longer than a request to another server takes."""
_PAUSE: Final = 5.0
"""How many seconds pass before a process that ended on its own is restarted."""
_KEPT: Final = timedelta(days=1)
"""How long the queue's table keeps finished tasks."""

logger = logging.getLogger(__name__)


def work() -> None:
    """Run all tasks, each in its own process, until SIGINT or SIGTERM."""
    processes = [_Process(task) for task in TASKS]
    clock = _Clock()
    with (
        signs_of_life.signing("clock"),
        stop_on_signal(signal.SIGINT, signal.SIGTERM, is_patient=True) as stopping,
    ):
        logger.info("working on %s", ", ".join(task.queue_name for task in TASKS))
        try:
            while not stopping.is_set():
                for process in processes:
                    process.keep_going()
                clock.tick()
                stopping.wait(INTERVAL)
        finally:
            for process in processes:
                process.interrupt()
            for process in processes:
                process.end()
    logger.info("ended")


def work_on(task: AnyTask) -> None:
    """Run one task whenever it is queued, until SIGINT, SIGTERM or the end of the parent."""
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    with signs_of_life.signing(task.queue_name):
        if isinstance(task.get_backend(), DatabaseBackend):
            call_command("db_worker", queue_name=task.queue_name, startup_delay=False, reload=False)
        else:
            # Run in this process and not in a fork, because signals reach this one.
            names = {"worker_class": "rq.SimpleWorker", "job_class": "django_tasks_rq.Job"}
            call_command("rqworker", task.queue_name, **names)


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        threading.Event().wait(INTERVAL)
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(GRACE)
    os._exit(1)


class _Process:
    """A process that runs one task and is restarted when it ends."""

    def __init__(self, task: AnyTask) -> None:
        self.task = task
        self.running: subprocess.Popen[bytes] | None = None
        self.begin_at = 0.0

    def keep_going(self) -> None:
        """Start the process if it is not running, and wake its task, because the last run may be
        unfinished.
        """
        if self.running and (status := self.running.poll()) is not None:
            logger.error("the worker on %s ended with status %s", self.task.queue_name, status)
            self.running, self.begin_at = None, monotonic() + _PAUSE
        if self.running is None and monotonic() >= self.begin_at:
            self.running = subprocess.Popen(
                [sys.executable, "manage.py", "work", "--only", self.task.queue_name],
                cwd=settings.BASE_DIR,
                # Ctrl-C reaches only the parent, which then interrupts its children.
                process_group=0,
            )
            _wake(self.task)

    def interrupt(self) -> None:
        if self.running:
            self.running.send_signal(signal.SIGINT)

    def end(self) -> None:
        """Wait for the process to end, and kill it after ``GRACE`` seconds."""
        if self.running:
            try:
                self.running.wait(GRACE)
            except subprocess.TimeoutExpired:
                logger.warning(
                    "the worker on %s did not end in time and is killed", self.task.queue_name
                )
                self.running.kill()
                self.running.wait()


class _Clock:
    """Wakes tasks that are due."""

    def __init__(self) -> None:
        self.place: Place | None = None
        self.anyway_at = 0.0

    def tick(self) -> None:
        """Check once. If the database does not answer, the next tick tries again."""
        try:
            close_old_connections()
            self._look()
        except DatabaseError as error:
            logger.warning("the database does not answer: %s", error)
        except change_feed.UnknownPlaceError:
            logger.warning("a backup was restored")
            self.place = None

    def _look(self) -> None:
        at = timezone.now()
        if self.place is None or monotonic() >= self.anyway_at:
            self.anyway_at = monotonic() + ANYWAY
            old = DBTaskResult.objects.finished().filter(finished_at__lt=at - _KEPT)
            old.delete()
            SignIn.objects.prune(at)
            due = list(TASKS)
            self.place = change_feed.latest(at)
        else:
            due = [import_uploads] if uploads.are_waiting() else []
            due += [follow_moments] if moments.is_due(at) else []
            if change_feed.since(self.place, 1, at).events:
                due += FOR_READERS
                self.place = change_feed.latest(at)
            elif delivery.is_due(at):
                due.append(send_events)
        for task in due:
            wake(task)


def _wake(task: AnyTask) -> None:
    try:
        wake(task)
    except DatabaseError as error:
        logger.warning("the database does not answer: %s", error)

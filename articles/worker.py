"""The background worker: a process for each task's queue, and a clock that wakes the tasks.

Queues know of no time and forget a worker that was killed, so the clock wakes a task when readers
are shown something else (``articles/tracking/change_feed.py``, whoever wrote by whatever way, and what embargoes
let through), when it is due by itself, when its process begins anew, and now and then in any case.
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

from articles.tasks import TASKS, AnyTask, send_events, wake
from articles.tracking import change_feed
from articles.tracking.change_feed import Place
from articles.webhooks import delivery

INTERVAL: Final = 1.0
"""Seconds between two looks at what is to be done."""
ANYWAY: Final = 600.0
"""Seconds after which every task is woken, whatever happened."""
GRACE: Final = 30.0
"""Seconds that a process has to end what is at hand: longer than a request to another server."""
_PAUSE: Final = 5.0
"""Seconds before a process that ended by itself is begun again."""
_KEPT: Final = timedelta(days=1)
"""How long the queue's table tells of what was done."""

logger = logging.getLogger(__name__)


def work() -> None:
    """Do all tasks, each in a process of its own, until SIGINT or SIGTERM."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    processes = [_Process(task) for task in TASKS]
    clock = _Clock()
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
    """Do one task whenever it is queued, until SIGINT or SIGTERM, or the end of the parent."""
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    if isinstance(task.get_backend(), DatabaseBackend):
        call_command("db_worker", queue_name=task.queue_name, startup_delay=False, reload=False)
    else:
        # In this very process, not in a fork of it: it is the one that signals reach.
        names = {"worker_class": "rq.SimpleWorker", "job_class": "django_tasks_rq.Job"}
        call_command("rqworker", task.queue_name, **names)


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        threading.Event().wait(INTERVAL)
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(GRACE)
    os._exit(1)


class _Process:
    """A process that does one task, begun again whenever it ends."""

    def __init__(self, task: AnyTask) -> None:
        self.task = task
        self.running: subprocess.Popen[bytes] | None = None
        self.begin_at = 0.0

    def keep_going(self) -> None:
        """Begin the process where there is none, and wake its task: the last one may be half done."""
        if self.running and (status := self.running.poll()) is not None:
            logger.error("the worker on %s ended with status %s", self.task.queue_name, status)
            self.running, self.begin_at = None, monotonic() + _PAUSE
        if self.running is None and monotonic() >= self.begin_at:
            self.running = subprocess.Popen(
                [sys.executable, "manage.py", "work", "--only", self.task.queue_name],
                cwd=settings.BASE_DIR,
                # Ctrl-C is for the parent, which tells its children one by one.
                process_group=0,
            )
            _wake(self.task)

    def interrupt(self) -> None:
        """Let it end what is at hand."""
        if self.running:
            self.running.send_signal(signal.SIGINT)

    def end(self) -> None:
        """Wait for its end, and no longer than ``GRACE``."""
        if self.running:
            try:
                self.running.wait(GRACE)
            except subprocess.TimeoutExpired:
                logger.warning("the worker on %s is killed at work", self.task.queue_name)
                self.running.kill()
                self.running.wait()


class _Clock:
    """Wakes what is due."""

    def __init__(self) -> None:
        self.place: Place | None = None
        self.anyway_at = 0.0

    def tick(self) -> None:
        """Look once; a database that does not answer is asked again the next time."""
        try:
            close_old_connections()
            self._look()
        except DatabaseError as error:
            logger.warning("the database does not answer: %s", error)

    def _look(self) -> None:
        at = timezone.now()
        if self.place is None or monotonic() >= self.anyway_at:
            self.anyway_at = monotonic() + ANYWAY
            old = DBTaskResult.objects.finished().filter(finished_at__lt=at - _KEPT)
            old.delete()
            due = TASKS
        elif change_feed.since(self.place, 1, at).events:
            due = TASKS
        else:
            due = (send_events,) if delivery.is_due(at) else ()
        if due is TASKS:
            self.place = change_feed.latest(at)
        for task in due:
            wake(task)


def _wake(task: AnyTask) -> None:
    try:
        wake(task)
    except DatabaseError as error:
        logger.warning("the database does not answer: %s", error)

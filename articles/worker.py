"""``manage.py work``: stock workers of the queue, and the clock that queues what is due.

Any number of machines may run this. One clock works at a time; the others stand by.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from time import monotonic
from typing import Final

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, InterfaceError, close_old_connections

from articles import signs_of_life, tasks, units
from articles.signs_of_life import Signs
from articles.tracking import change_feed
from articles.tracking.change_feed import Place
from articles.units import QUEUES
from newsroom import database_clock
from newsroom.interrupts import stop_on_signal

WORKERS: Final = 4
"""They mostly wait for other servers, so more than cores."""
INTERVAL: Final = 1.0
"""Seconds between two checks for work."""
ANYWAY: Final = 600.0
"""Seconds after which the regular units are queued in any case."""
GRACE: Final = 30.0
"""How many seconds a worker has to finish; longer than a request to another server takes."""
_PAUSE: Final = 5.0
"""Seconds after which a worker that ended on its own is replaced."""
_AGAIN: Final = 2.0
"""Seconds after which a unit that is still due is queued again."""
_CLOCK: Final = "clock"
_PROGRAM: Final = (
    "import django, sys; django.setup(); "
    "from articles.worker import work_on; work_on(sys.argv[1].split(','))"
)

logger = logging.getLogger(__name__)


def work(workers: int = WORKERS, queues: Sequence[str] = QUEUES) -> None:
    """Run workers and the clock until SIGINT or SIGTERM."""
    processes = [_Process(own) for own in _queues_of(workers, queues)]
    with (
        signs_of_life.signing(_CLOCK) as signs,
        stop_on_signal(signal.SIGINT, signal.SIGTERM, is_patient=True) as stopping,
    ):
        clock = Clock(signs)
        logger.info("working with %s workers on %s", workers, ", ".join(queues))
        try:
            while not stopping.is_set():
                ended = [process.keep_going() for process in processes]
                clock.tick(pid for pid in ended if pid)
                stopping.wait(INTERVAL)
        finally:
            for process in processes:
                process.ask_to_end()
            for process in processes:
                process.end()
    logger.info("ended")


def _queues_of(workers: int, queues: Sequence[str]) -> list[Sequence[str]]:
    """Return the queues of each worker. The first does urgent units only, so that they never wait."""
    first = queues[:1] if workers > 1 else queues
    return [first, *[queues] * (workers - 1)][:workers]


def work_on(queues: Sequence[str]) -> None:
    """Run a stock worker until SIGINT, SIGTERM or the end of the parent."""
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    with signs_of_life.signing(" ".join(queues)):
        if units.is_in_database():
            names = ",".join(queues)
            call_command("db_worker", queue_name=names, startup_delay=False, reload=False)
        else:
            # Run in this process and not in a fork, because signals reach this one.
            classes = {"worker_class": "rq.SimpleWorker", "job_class": "django_tasks_rq.Job"}
            call_command("rqworker", *queues, **classes)


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        threading.Event().wait(INTERVAL)
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(GRACE)
    os._exit(1)


class _Process:
    """A worker, which is replaced when it ends."""

    def __init__(self, queues: Sequence[str]) -> None:
        self.queues = queues
        self.running: subprocess.Popen[bytes] | None = None
        self.begin_at = 0.0

    def keep_going(self) -> int | None:
        """Start the process if it is not running; return its id if it has ended on its own."""
        ended = None
        if self.running and (status := self.running.poll()) is not None:
            logger.error("a worker on %s ended with status %s", ", ".join(self.queues), status)
            ended, self.running = self.running.pid, None
            self.begin_at = monotonic() + _PAUSE
        if self.running is None and monotonic() >= self.begin_at:
            self.running = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, ",".join(self.queues)],
                cwd=settings.BASE_DIR,
                # Ctrl-C reaches only the parent, which then interrupts its children.
                process_group=0,
            )
        return ended

    def ask_to_end(self) -> None:
        if self.running:
            self.running.terminate()

    def end(self) -> None:
        """Wait for the process to end, and kill it after ``GRACE`` seconds."""
        if self.running:
            try:
                self.running.wait(GRACE)
            except subprocess.TimeoutExpired:
                logger.warning(
                    "the worker on %s did not end in time and is killed", ", ".join(self.queues)
                )
                self.running.kill()
                self.running.wait()


class Clock:
    """Queues units that are due, and those of dead workers."""

    def __init__(self, signs: Signs) -> None:
        self.signs = signs
        self.place: Place | None = None
        self.anyway_at = 0.0
        self.is_keeping = False
        self.queued_at: dict[str, float] = {}
        self.has_looked = False

    def tick(self, dead: Iterable[int] = ()) -> None:
        """Check once; ``dead`` are workers that have just ended on their own.

        If the database or the queue does not answer, the next tick tries again.
        """
        try:
            close_old_connections()
            if not self.has_looked:
                # Otherwise, after a crash, everything would wait for the former clock to fall silent.
                dead, self.has_looked = signs_of_life.ended_here(), True
            for pid in dead:
                signs_of_life.declare_dead(pid)
            if self.signs.take(_CLOCK):
                self._repeat_lost()
                self._queue_due(database_clock.now())
        except (DatabaseError, InterfaceError) as error:
            logger.warning("the database does not answer: %s", error)
        except units.UnavailableError as error:
            logger.warning("the queue does not answer: %s", error)
        except change_feed.UnknownPlaceError:
            logger.warning("a backup was restored")
            self.place = None

    def _repeat_lost(self) -> None:
        for worker in signs_of_life.lost():
            logger.warning("queueing %s again: %s is dead", worker.doing, worker)
            if worker.unit is not None:
                units.repeat(worker.unit)
            signs_of_life.free(worker)

    def _queue_due(self, at: datetime) -> None:
        names = signs_of_life.names()
        self._queue_regular(at, names)
        lately = monotonic() - _AGAIN
        self.queued_at = {name: when for name, when in self.queued_at.items() if when > lately}
        for task, due in groupby(tasks.due(at), itemgetter(0)):
            named = {units.name_of(task, arguments): arguments for _, arguments in due}
            # A unit that fails at once must not be queued without a pause.
            new = named.keys() - names - self.queued_at.keys()
            if new:
                units.enqueue_all(task, [one for name, one in named.items() if name in new])
                self.queued_at |= dict.fromkeys(new, monotonic())

    def _queue_regular(self, at: datetime, names: set[str]) -> None:
        """Queue what changes need, and more images once all that were found are done."""
        place, anyway_at = self.place, self.anyway_at
        is_keeping = any(name.startswith(f"{tasks.keep_images.name} ") for name in names)
        is_keeping |= bool(units.waiting(tasks.keep_images))
        due = [tasks.find_images] if self.is_keeping and not is_keeping else []
        if place is None or monotonic() >= anyway_at:
            due, anyway_at = list(tasks.REGULAR), monotonic() + ANYWAY
            place = change_feed.latest(at)
        elif change_feed.since(place, 1, at).events:
            due = list(tasks.AFTER_CHANGES)
            place = change_feed.latest(at)
        for task in due:
            units.enqueue_all(task, [{}])
        # Only now, because the queue may not have answered.
        self.place, self.anyway_at, self.is_keeping = place, anyway_at, is_keeping

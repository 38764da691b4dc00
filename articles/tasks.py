"""What is done in the background, by ``manage.py work``: never while somebody waits for a page.

A task is told nothing but to do all that is due, so it may be woken once too often, killed at any
moment and begun again. The queue (a table, or Redis: ``TASKS_URL``) neither retries nor misses a
worker that died: ``articles/worker.py`` wakes tasks by what the database notes and by the clock, so
that nobody who writes need think of them. Each has a queue, and thereby a process, of its own: images
may take hours.
"""

from __future__ import annotations

import fcntl
import signal
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any, Final, cast

from django.db import connection, transaction
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.utils import timezone
from django_tasks import TaskContext, TaskResultStatus, task
from django_tasks.base import Task
from django_tasks_db.backend import DatabaseBackend
from django_tasks_db.models import DBTaskResult

from articles.images import keeping
from articles.webhooks import delivery

_LOCK: Final = 0x6E657773
"""The first of the two numbers of a lock, apart from those of ``bulk.hold_write_lock``, which has one."""
_PAUSE: Final = 5.0
"""Seconds until a task asks again whether it is alone."""

AnyTask = Task[Any, None]


@task(queue_name="images", takes_context=True)
def keep_images(context: TaskContext) -> None:
    """Keep copies of the images that readers miss."""
    _do(context, _keep_images)


@task(queue_name="events", takes_context=True)
def send_events(context: TaskContext) -> None:
    """Tell web hooks what changed for readers, and try again what failed."""
    _do(context, _send_events)


TASKS: Final[tuple[AnyTask, ...]] = (keep_images, send_events)
"""All of them; each alone in its queue."""


def _keep_images() -> None:
    if keeping.keep().interrupted:
        # It took the worker's signal for its own.
        signal.raise_signal(signal.SIGTERM)


def _send_events() -> None:
    stopping = threading.Event()
    is_main = threading.current_thread() is threading.main_thread()
    former = signal.signal(signal.SIGINT, lambda *_: stopping.set()) if is_main else None
    try:
        delivery.drain(stopping)
    finally:
        if is_main:
            signal.signal(signal.SIGINT, former)
    if stopping.is_set():
        signal.raise_signal(signal.SIGTERM)


def wake(task: AnyTask) -> None:
    """Have a task done soon after the transaction at hand is committed.

    Nothing happens where one waits already, which will see all that is committed by then: one query,
    or one question to Redis. A queue that does not answer is logged, and no error of the caller's.
    """
    transaction.on_commit(lambda: _enqueue(task), robust=True)


def _enqueue(task: AnyTask) -> None:
    if not is_waiting(task):
        task.enqueue()


def is_waiting(task: AnyTask) -> bool:
    """Whether a task is queued and not begun."""
    if isinstance(task.get_backend(), DatabaseBackend):
        ready = DBTaskResult.objects.filter(status=TaskResultStatus.READY)
        return ready.filter(task_path=task.module_path).exists()
    # Comes with the extra "redis".
    from django_rq import get_queue

    return bool(get_queue(task.queue_name).count)


def _do(context: TaskContext, drain: Callable[[], None]) -> None:
    """Do a task, unless another process is at it: that one may be past what this is to do."""
    task = context.task_result.task
    with alone(task.queue_name) as is_alone:
        if is_alone:
            _bury(context)
            drain()
    if not is_alone:
        sleep(_PAUSE)
        _enqueue(task)


def _bury(context: TaskContext) -> None:
    """Note of tasks whose workers were killed that they are over."""
    result = context.task_result
    running = DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING)
    others = running.filter(task_path=result.task.module_path)
    if isinstance(result.task.get_backend(), DatabaseBackend):
        others.exclude(pk=result.id).update(
            status=TaskResultStatus.FAILED,
            finished_at=timezone.now(),
            traceback="Its worker ended before it did.",
        )


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Tell whether nobody else is within a block of this name, and keep others from it until its end.

    Ends with the process, however that ends: a lock of PostgreSQL's that the connection holds; a
    lock on a file beside SQLite's, whose users are all on one machine.
    """
    if connection.vendor == "postgresql":
        key = [_LOCK, zlib.crc32(name.encode()) >> 1]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
            is_alone = bool(cursor.fetchone()[0])
        try:
            yield is_alone
        finally:
            if is_alone:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
    elif cast("DatabaseWrapper", connection).is_in_memory_db():
        # No other process has it.
        yield True
    else:
        database = Path(connection.settings_dict["NAME"])
        with database.with_name(f"{database.name}.{name}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

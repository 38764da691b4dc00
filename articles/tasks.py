"""Background tasks, run by ``manage.py work``.

A task does everything that is due, so it may be woken too often, killed at any time, and started
again. The queue (a table, or Redis: ``TASKS_URL``) does not retry tasks or notice a dead worker.
Instead, ``articles/worker.py`` decides from the database and the clock when to wake each task. Each
task has its own queue and process, because images may take hours.
"""

from __future__ import annotations

import fcntl
import signal
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

from articles import signs_of_life
from articles.images import keeping
from articles.importing import uploads
from articles.newsdesk import moments
from articles.webhooks import delivery
from newsroom import logs
from newsroom.interrupts import stop_on_signal

_LOCK: Final = 0x6E657773
"""The first key of a lock. ``bulk.hold_write_lock`` uses a single key, so the two never collide."""
_PAUSE: Final = 5.0
"""How many seconds a task waits if another process is already running it."""

KILLED: Final = "Its worker was killed."
"""The traceback of such a unit. Its work is done by a later one."""

AnyTask = Task[Any, None]


@task(queue_name="images", takes_context=True)
def keep_images(context: TaskContext) -> None:
    _do(context, lambda: keeping.keep().interrupted)


@task(queue_name="events", takes_context=True)
def send_events(context: TaskContext) -> None:
    """Send webhooks the changes that readers see, and retry failed deliveries."""
    _do(context, _send_events)


@task(queue_name="imports", takes_context=True)
def import_uploads(context: TaskContext) -> None:
    _do(context, uploads.import_queued)


@task(queue_name="moments", takes_context=True)
def follow_moments(context: TaskContext) -> None:
    """Recompute the stories of articles that came into sight or went out of it."""
    _do(context, _follow_moments)


FOR_READERS: Final[tuple[AnyTask, ...]] = (keep_images, send_events)
"""The tasks that have work when something changes for readers."""
TASKS: Final[tuple[AnyTask, ...]] = (*FOR_READERS, import_uploads, follow_moments)
"""All tasks; each has its own queue."""


def _send_events() -> bool:
    with stop_on_signal() as stopping:
        delivery.drain(stopping)
    return stopping.is_set()


def _follow_moments() -> bool:
    with stop_on_signal() as stopping:
        moments.catch_up(is_stopped=stopping.is_set)
    return stopping.is_set()


def wake(task: AnyTask) -> None:
    """Queue a task after the current transaction commits, unless it is queued already.

    This costs one query, or one request to Redis. If the queue does not answer, this is logged and
    the caller sees no error.
    """
    transaction.on_commit(lambda: _enqueue(task), robust=True)


def _enqueue(task: AnyTask) -> None:
    if not is_waiting(task):
        task.enqueue()


def is_waiting(task: AnyTask) -> bool:
    """Return whether a task is queued but not started."""
    if isinstance(task.get_backend(), DatabaseBackend):
        ready = DBTaskResult.objects.filter(status=TaskResultStatus.READY)
        return ready.filter(task_path=task.module_path).exists()
    # The extra "redis" installs this.
    from django_rq import get_queue

    return bool(get_queue(task.queue_name).count)


def forget_waiting() -> None:
    """Empty the queues. The clock finds again what is due."""
    DBTaskResult.objects.all().delete()
    for one in TASKS:
        if not isinstance(one.get_backend(), DatabaseBackend):
            # The extra "redis" installs this.
            from django_rq import get_queue

            get_queue(one.queue_name).empty()  # type: ignore[no-untyped-call]


def _do(context: TaskContext, drain: Callable[[], bool]) -> None:
    """Do a task; ``drain`` returns whether a signal ended it.

    If another process is running the task, queue it again, because that process may miss something.
    """
    task = context.task_result.task
    with alone(task.queue_name) as is_alone:
        if is_alone:
            _bury(context)
            with signs_of_life.doing(task.name), logs.about(unit=context.task_result.id):
                is_ended = drain()
            if is_ended:
                # The task caught a signal that was meant for the worker.
                signal.raise_signal(signal.SIGTERM)
    if not is_alone:
        sleep(_PAUSE)
        _enqueue(task)


def _bury(context: TaskContext) -> None:
    """Mark tasks of killed workers as failed."""
    result = context.task_result
    running = DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING)
    others = running.filter(task_path=result.task.module_path)
    if isinstance(result.task.get_backend(), DatabaseBackend):
        others.exclude(pk=result.id).update(
            status=TaskResultStatus.FAILED,
            finished_at=timezone.now(),
            traceback=KILLED,
        )


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Take the lock ``name`` for the duration of the block, and yield whether it was free.

    The lock ends with the process. With PostgreSQL it belongs to the connection. With SQLite, where
    all processes are on one machine, it is on a file next to the database.
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
        # No other process can open an in-memory database.
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

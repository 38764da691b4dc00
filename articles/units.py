"""Declaring and queueing units of background work.

The queue is a table or Redis (``TASKS_URL``). It neither repeats units nor notices a dead worker:
``articles/worker.py`` does both. Units may therefore be done twice, and killed at any moment.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import update_wrapper
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks import TaskContext, TaskResultStatus, task, task_backends
from django_tasks.base import Task
from django_tasks_db.backend import DatabaseBackend
from django_tasks_db.models import DBTaskResult

from articles.models import Worker
from articles.models.worker import SILENT_AFTER
from articles.signs_of_life import Claim, Unit
from newsroom import logs
from newsroom.interrupts import Stop, stop_on_signal

QUEUES: Final[tuple[str, ...]] = tuple(settings.TASK_QUEUES)
"""The names of the queues, the most urgent first."""
KILLED: Final = "Its worker was killed."
"""The traceback of such a unit. It was queued again."""

KEPT: Final = timedelta(days=1)
"""How long finished units can be looked up."""
MOST_FAILURES: Final = 100

AnyTask = Task[Any, None]
Arguments = Mapping[str, Any]


class UnavailableError(Exception):
    """Redis does not answer. A failing database raises its own errors."""


def unit(queue: str) -> Callable[[Callable[..., None]], AnyTask]:
    """Declare a function of a module as a unit.

    It is called with an event that is set when it should stop early, and with its arguments by name:
    texts, numbers and lists. Its name is made from all arguments except lists, and no two workers do
    units with the same name at once.
    """

    def declare(function: Callable[..., None]) -> AnyTask:
        def do(context: TaskContext, **arguments: Any) -> None:
            _do(context, function, arguments)

        update_wrapper(do, function)
        # The queue checks the arguments of this function, not of the one inside.
        del do.__wrapped__  # type: ignore[attr-defined]
        # The database orders units by priority, Redis by queue.
        can_order = task_backends["default"].supports_priority
        priority = len(QUEUES) - QUEUES.index(queue) if can_order else 0
        declare_task: Any = task(queue_name=queue, priority=priority, takes_context=True)
        declared: AnyTask = declare_task(do)
        return declared

    return declare


def _do(context: TaskContext, function: Callable[..., None], arguments: dict[str, Any]) -> None:
    result = context.task_result
    path = result.task.module_path
    this: Unit = {"id": str(result.id), "task": path, "arguments": arguments}
    claim = Claim(named(path, arguments), this, result.task.queue_name)
    stopping = Stop()
    try:
        with logs.about(unit=result.id), claim, stop_on_signal() as stopping:
            if claim.is_ours:
                function(stopping, **arguments)
    finally:
        # Another worker was given this unit meanwhile and left it to this one.
        if claim.is_wanted_again:
            _enqueue(result.task, arguments)
    if stopping.is_set():
        # The unit caught a signal that was meant for the worker.
        signal.raise_signal(signal.SIGTERM)


def name_of(task: AnyTask, arguments: Arguments) -> str:
    """Return the name of a unit: its kind, and its arguments that are not lists."""
    return named(task.module_path, arguments)


def named(path: str, arguments: Arguments) -> str:
    words = [
        f"{key}={value}" for key, value in sorted(arguments.items()) if not isinstance(value, list)
    ]
    return " ".join([path.rpartition(".")[2], *words])


def enqueue(task: AnyTask, **arguments: Any) -> None:
    """Queue a unit after the current transaction commits, unless one with its name waits already.

    If the queue does not answer, this is logged and the caller sees no error.
    """
    transaction.on_commit(lambda: _enqueue(task, arguments), robust=True)


def enqueue_all(task: AnyTask, units: Iterable[Arguments]) -> None:
    """Queue units of one kind now, except those that wait already. One query for each, and one more.

    Raise ``UnavailableError`` if Redis does not answer.
    """
    names = waiting(task)
    with answering():
        for arguments in units:
            if name_of(task, arguments) not in names:
                task.enqueue(**arguments)


def _enqueue(task: AnyTask, arguments: Arguments) -> None:
    enqueue_all(task, [arguments])


def is_in_database() -> bool:
    return isinstance(task_backends["default"], DatabaseBackend)


def waiting(task: AnyTask) -> set[str]:
    """Return the names of the units of one kind that nobody has begun. One query."""
    path = task.module_path
    if is_in_database():
        ready = DBTaskResult.objects.filter(status=TaskResultStatus.READY, task_path=path)
        found = ready.order_by().values_list("args_kwargs", flat=True)
        return {named(path, one["kwargs"]) for one in found}
    with answering():
        jobs = redis_queue(task.queue_name).get_jobs()
    return {named(path, job.kwargs) for job in jobs if job.func_name == path}


def failed_since(task: AnyTask, moment: datetime) -> set[str]:
    """Return the names of the units of one kind that failed after ``moment``. One query."""
    path = task.module_path
    if is_in_database():
        failed = DBTaskResult.objects.failed().filter(task_path=path, finished_at__gt=moment)
        found = failed.exclude(traceback=KILLED).order_by().values_list("args_kwargs", flat=True)
        return {named(path, one["kwargs"]) for one in found}
    with answering():
        jobs = redis_failures(task.queue_name, MOST_FAILURES)
    late = (job for job in jobs if job.func_name == path and job.ended_at and job.ended_at > moment)
    return {named(path, job.kwargs) for job in late}


def repeat(unit: Unit) -> None:
    """Queue a unit again whose worker was killed."""
    task: AnyTask = import_string(unit["task"])
    if is_in_database():
        mark_killed(DBTaskResult.objects.filter(pk=unit["id"]))
    else:
        with answering():
            if job := redis_queue(task.queue_name).fetch_job(unit["id"]):
                job.delete()
    _enqueue(task, unit["arguments"])


def mark_killed(units: QuerySet[DBTaskResult[Any, Any]]) -> None:
    running = units.filter(status=TaskResultStatus.RUNNING)
    values = {"finished_at": timezone.now(), "traceback": KILLED}
    running.update(status=TaskResultStatus.FAILED, **values)


def forget_waiting() -> None:
    """Empty the queues. The clock finds again what is due."""
    DBTaskResult.objects.all().delete()
    if not is_in_database():
        for name in QUEUES:
            redis_queue(name).empty()


def forget_finished(at: datetime) -> None:
    """Delete the units that ended more than ``KEPT`` before ``at``.

    Units that a killed worker took but had not begun yet count as killed.
    """
    DBTaskResult.objects.finished().filter(finished_at__lt=at - KEPT).delete()
    alive = Worker.objects.exclude(unit=None).values_list("unit__id", flat=True)
    begun = DBTaskResult.objects.filter(started_at__lt=at - SILENT_AFTER)
    mark_killed(begun.exclude(pk__in=[pk for pk in alive if is_in_database()]))


@contextmanager
def answering() -> Iterator[None]:
    """Raise ``UnavailableError`` if Redis does not answer during the block."""
    if is_in_database():
        yield
        return
    # The extra "redis" installs this.
    from redis.exceptions import RedisError

    try:
        yield
    except (RedisError, OSError) as error:
        raise UnavailableError(str(error)) from error


def redis_queue(name: str) -> Any:
    # The extra "redis" installs this.
    from django_rq import get_queue

    return get_queue(name)


def redis_failures(name: str, limit: int) -> list[Any]:
    """Return the latest failed jobs of a queue in Redis."""
    queue = redis_queue(name)
    keys = queue.failed_job_registry.get_job_ids(0, limit - 1, desc=True)
    return [job for key in keys if (job := queue.fetch_job(key))]

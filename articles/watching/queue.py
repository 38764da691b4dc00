"""The queue of background work, as operators see it. Nothing else outside ``articles/tasks.py`` and
``articles/worker.py`` knows how it is stored: in the database, or in Redis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Count, Min
from django_tasks import TaskResultStatus, task_backends
from django_tasks_db.backend import DatabaseBackend
from django_tasks_db.models import DBTaskResult

from articles.tasks import KILLED
from newsroom.capped_count import MOST_COUNTED

QUEUES: Final[tuple[str, ...]] = tuple(settings.TASK_QUEUES)
_READY, _RUNNING = TaskResultStatus.READY, TaskResultStatus.RUNNING


class UnavailableError(Exception):
    """Redis does not answer. A failing database raises its own errors."""


@dataclass(frozen=True, slots=True)
class Depth:
    """How many units wait in a queue."""

    queue: str
    waiting: int
    oldest_at: datetime | None
    """When the oldest waiting unit was queued."""
    running: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A unit that failed within the last day."""

    key: str
    queue: str
    task: str
    at: datetime | None
    error: str
    """The last line of the traceback."""


def is_in_database() -> bool:
    return isinstance(task_backends["default"], DatabaseBackend)


def depths() -> list[Depth]:
    """Return the depth of each queue. One query, or a few requests to Redis for each queue."""
    if not is_in_database():
        with _redis():
            return [_depth_in_redis(name) for name in QUEUES]
    rows = (
        DBTaskResult.objects.filter(status__in=[_READY, _RUNNING])
        .order_by()
        .values_list("queue_name", "status")
        .annotate(Count("pk"), Min("enqueued_at"))
    )
    found = {(queue, status): (count, oldest) for queue, status, count, oldest in rows}
    return [
        Depth(
            name,
            *found.get((name, _READY), (0, None)),
            running=found.get((name, _RUNNING), (0, None))[0],
        )
        for name in QUEUES
    ]


def counts() -> Counter[tuple[str, str]]:
    """Count the finished units of the last day by task and result: 10,001 at most. One query."""
    found: Counter[tuple[str, str]] = Counter()
    if is_in_database():
        finished = DBTaskResult.objects.finished().order_by()
        for path, status in finished.values_list("task_path", "status")[:MOST_COUNTED]:
            found[path.rpartition(".")[2], status.lower()] += 1
        return found
    with _redis():
        for name in QUEUES:
            queue = _redis_queue(name)
            found[name, "successful"] = queue.finished_job_registry.count
            found[name, "failed"] = queue.failed_job_registry.count
    return found


def failed(limit: int) -> list[Failed]:
    """Return the latest failed units that were not repeated. One query."""
    if not is_in_database():
        with _redis():
            return list(_failed_in_redis(limit))
    rows = DBTaskResult.objects.failed().exclude(traceback=KILLED).order_by("-finished_at")[:limit]
    return [
        Failed(
            str(row.pk),
            row.queue_name,
            row.task_path.rpartition(".")[2],
            row.finished_at,
            _last_line(row.traceback),
        )
        for row in rows
    ]


def run_again(key: str) -> bool:
    """Queue a failed unit again, and return whether there was one."""
    if not is_in_database():
        with _redis():
            return _run_again_in_redis(key)
    try:
        row = DBTaskResult.objects.failed().filter(pk=key).first()
    except ValidationError:
        return False
    # Only one of two clicks finds the row.
    if row is None or not DBTaskResult.objects.failed().filter(pk=key).delete()[0]:
        return False
    row.task.enqueue(*row.args_kwargs["args"], **row.args_kwargs["kwargs"])
    return True


def _last_line(traceback: str) -> str:
    lines = traceback.strip().splitlines()
    return lines[-1][:500] if lines else ""


@contextmanager
def _redis() -> Iterator[None]:
    """Raise ``UnavailableError`` if Redis does not answer during the block."""
    from redis.exceptions import RedisError

    try:
        yield
    except (RedisError, OSError) as error:
        raise UnavailableError(str(error)) from error


def _redis_queue(name: str) -> Any:
    # The extra "redis" installs this.
    from django_rq import get_queue

    return get_queue(name)


def _depth_in_redis(name: str) -> Depth:
    queue = _redis_queue(name)
    oldest = queue.fetch_job(ids[0]) if (ids := queue.get_job_ids(0, 1)) else None
    since = oldest.enqueued_at if oldest else None
    return Depth(name, queue.count, since, queue.started_job_registry.count)


def _failed_in_redis(limit: int) -> Iterator[Failed]:
    for name in QUEUES:
        queue = _redis_queue(name)
        for key in queue.failed_job_registry.get_job_ids(0, limit - 1, desc=True):
            if job := queue.fetch_job(key):
                result = job.latest_result()
                error = _last_line(result.exc_string or "") if result else ""
                yield Failed(key, name, job.func_name.rpartition(".")[2], job.ended_at, error)


def _run_again_in_redis(key: str) -> bool:
    for name in QUEUES:
        queue = _redis_queue(name)
        if key in queue.failed_job_registry:
            queue.failed_job_registry.requeue(key)
            return True
    return False

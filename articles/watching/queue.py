"""The queue of background work, as operators see it.

Only this module and ``articles/units.py`` know how it is stored: in the database, or in Redis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db.models import Count, Min
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from articles.units import (
    KILLED,
    QUEUES,
    answering,
    is_in_database,
    named,
    redis_failures,
    redis_queue,
)
from newsroom.capped_count import MOST_COUNTED

_READY, _RUNNING = TaskResultStatus.READY, TaskResultStatus.RUNNING


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
    name: str
    """Its kind and arguments."""
    at: datetime | None
    error: str
    """The last line of the traceback."""


def depths() -> list[Depth]:
    """Return the depth of each queue. One query, or a few requests to Redis for each queue."""
    if not is_in_database():
        with answering():
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
    with answering():
        for name in QUEUES:
            queue = redis_queue(name)
            found[name, "successful"] = queue.finished_job_registry.count
            found[name, "failed"] = queue.failed_job_registry.count
    return found


def failed(limit: int) -> list[Failed]:
    """Return the latest failed units that were not repeated. One query."""
    if not is_in_database():
        with answering():
            return list(_failed_in_redis(limit))
    rows = DBTaskResult.objects.failed().exclude(traceback=KILLED).order_by("-finished_at")[:limit]
    return [
        Failed(
            str(row.pk),
            row.queue_name,
            named(row.task_path, row.args_kwargs["kwargs"]),
            row.finished_at,
            _last_line(row.traceback),
        )
        for row in rows
    ]


def run_again(key: str) -> bool:
    """Queue a failed unit again, and return whether there was one."""
    if not is_in_database():
        with answering():
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


def _depth_in_redis(name: str) -> Depth:
    queue = redis_queue(name)
    oldest = queue.fetch_job(ids[0]) if (ids := queue.get_job_ids(0, 1)) else None
    since = oldest.enqueued_at if oldest else None
    return Depth(name, queue.count, since, queue.started_job_registry.count)


def _failed_in_redis(limit: int) -> Iterator[Failed]:
    for name in QUEUES:
        for job in redis_failures(name, limit):
            result = job.latest_result()
            error = _last_line(result.exc_string or "") if result else ""
            yield Failed(job.id, name, named(job.func_name, job.kwargs), job.ended_at, error)


def _run_again_in_redis(key: str) -> bool:
    for name in QUEUES:
        queue = redis_queue(name)
        if key in queue.failed_job_registry:
            queue.failed_job_registry.requeue(key)
            return True
    return False

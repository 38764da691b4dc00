"""The queue in Redis, with a server of its own. ``test_checks.py`` tests the queue in the database."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.articles.importing.processes import Newsrooms
from tests.articles.working import do
from tests.own_servers import Redis

CODE = """
from django.core.management import call_command
from articles import signs_of_life, units
from articles.watching import queue
from articles.webhooks import delivery

def fail(*_):
    raise OSError("the disk is full")

send, delivery.deliver = delivery.deliver, fail
found = []

def look():
    depth = queue.depths()[0]
    found.append([depth.waiting, depth.oldest_at is not None, queue.counts()["urgent", "failed"]])

def work():
    classes = {"worker_class": "rq.SimpleWorker", "job_class": "django_tasks_rq.Job"}
    call_command("rqworker", "urgent", burst=True, **classes)

enqueue(deliver, hook=1)
enqueue(deliver, hook=1)
enqueue(find_images)
found.append([sorted(waiting(deliver)), sorted(waiting(find_images))])
look()
work()
look()
(failed,) = queue.failed(5)
found.append([failed.queue, failed.name, failed.error])
ago = timezone.now() - timedelta(minutes=1)
found.append([list(units.failed_since(deliver, at)) for at in (ago, timezone.now())])
found.append([queue.run_again(failed.key), queue.run_again(failed.key)])
look()
# A worker that was killed while it did this unit.
job = units.redis_queue("urgent").jobs[0]
units.redis_queue("urgent").empty()
units.repeat({"id": job.id, "task": "articles.tasks.deliver", "arguments": {"hook": 1}})
look()
units.forget_waiting()
look()
"""
GONE = """
from articles import units
from articles.watching import queue
found = []
for ask in (
    queue.depths,
    queue.counts,
    lambda: queue.failed(5),
    lambda: queue.run_again("a"),
    lambda: waiting(deliver),
    lambda: units.failed_since(deliver, timezone.now()),
    lambda: units.enqueue_all(deliver, [{"hook": 1}]),
):
    try:
        ask()
    except units.UnavailableError:
        found.append("unavailable")
"""


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.skipif(not shutil.which("redis-server"), reason="needs redis-server")
def test_in_redis(newsrooms: Newsrooms, tmp_path: Path) -> None:
    server = Redis(tmp_path)
    server.start()
    try:
        with newsrooms.make("redis-queue") as environment:
            environment["TASKS_URL"] = server.url
            assert do(environment, CODE) == [
                [["deliver hook=1"], ["find_images"]],
                [2, True, 0],
                [0, False, 1],
                ["urgent", "deliver hook=1", "OSError: the disk is full"],
                [["deliver hook=1"], []],
                [True, False],
                [1, True, 0],
                [1, True, 0],
                [0, False, 0],
            ]
            server.kill()
            assert do(environment, GONE) == ["unavailable"] * 7
    finally:
        server.kill()

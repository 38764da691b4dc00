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
from articles.images import keeping
from articles.watching import queue

def fail(*_, **__):
    raise OSError("the disk is full")

keeping.keep = fail
found = []

def look():
    depth = queue.depths()[0]
    found.append([depth.waiting, depth.oldest_at is not None, queue.counts()["images", "failed"]])

wake(keep_images)
wake(keep_images)
look()
call_command(
    "rqworker", "images", burst=True, worker_class="rq.SimpleWorker",
    job_class="django_tasks_rq.Job",
)
look()
(failed,) = queue.failed(5)
found.append([failed.queue, failed.task, failed.error])
found.append([queue.run_again(failed.key), queue.run_again(failed.key)])
look()
"""
GONE = """
from articles.watching import queue
found = []
for ask in (queue.depths, queue.counts, lambda: queue.failed(5), lambda: queue.run_again("a")):
    try:
        ask()
    except queue.UnavailableError:
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
                [1, True, 0],
                [0, False, 1],
                ["images", "keep_images", "OSError: the disk is full"],
                [True, False],
                [1, True, 0],
            ]
            server.kill()
            assert do(environment, GONE) == ["unavailable"] * 4
    finally:
        server.kill()

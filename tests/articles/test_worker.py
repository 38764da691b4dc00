"""``manage.py work`` in separate processes, and what happens when they are killed.

``test_clock.py`` and ``test_units.py`` test the rest without other processes.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

import pytest

from articles.documents import DocumentImage
from tests.articles.images.samples import different
from tests.articles.images.server import Answer, Server, reply, serving
from tests.articles.importing.processes import Environment, Newsrooms, run
from tests.articles.samples import document, put
from tests.articles.working import PATIENCE, children, do, is_alive, see, until, until_seen, worker
from tests.factories import NOW
from tests.own_servers import Redis
from tests.profiles import by_profile

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

KEPT = "StoredImage.objects.count()"
KILLS = by_profile(quick=4, thorough=20)
HOOK = """
from articles.webhooks import events
WebHook.objects.create(name="A mirror", url={url!r})
events.begin()
"""
UPLOADS = """
from pathlib import Path
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from articles.importing import uploads
user = User.objects.create_user("operator")
for name in ("one.md", "archive.zip"):
    sent = SimpleUploadedFile(name, (Path({folder!r}) / name).read_bytes())
    uploads.receive([sent], by=user, is_dry_run=False)
"""


class Host:
    """Serves pictures, and counts how many are requested at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.changed = threading.Condition()

    def answer(self, number: int) -> Answer:
        """Return a picture once two are requested, or after a moment."""

        def write(connection: socket.socket) -> None:
            with self.changed:
                self.now += 1
                self.most = max(self.most, self.now)
                self.changed.notify_all()
                self.changed.wait_for(lambda: self.now > 1, timeout=0.1)
                self.now -= 1
            reply(different(number))(connection)

        return write


def prepare(
    environment: Environment, server: Server, tmp_path: Path, answers: list[Answer]
) -> Callable[[], object]:
    """Allow requests to the server; return a function that imports an article for each picture."""
    environment["MEDIA_ROOT"] = str(tmp_path / "media")
    environment["UPLOAD_ROOT"] = str(tmp_path / "uploads")
    environment["EXEMPT_PORTS"] = str(server.port)
    folder = tmp_path / "news"
    folder.mkdir()
    for number, answer in enumerate(answers):
        one = document(
            title=f"Story {number}",
            web_url=f"https://paper.example/{number}",
            published_at=NOW - timedelta(hours=number),
            quality=80,
            heat=80,
            published=True,
            images=(DocumentImage(server.put(f"/{number}", answer)),),
        )
        put(folder, f"{number}.txt", one)
    return lambda: run(environment, "manage.py", "import_seeds", str(folder))


def test_two_machines_share_the_work(newsrooms: Newsrooms, tmp_path: Path) -> None:
    host = Host()
    with serving() as server, newsrooms.make("two") as environment:
        pictures = [host.answer(number) for number in range(12)]
        import_news = prepare(environment, server, tmp_path, pictures)
        do(environment, HOOK.format(url=server.put("/hook", reply(status="204 No Content"))))
        put(tmp_path, "one.md", document())
        (tmp_path / "archive.zip").write_bytes(b"no archive")
        log = tmp_path / "log"
        with worker(environment, log, "--workers", "2"), worker(environment, log, "--workers", "2"):
            import_news()
            do(environment, UPLOADS.format(folder=str(tmp_path)))
            until_seen(environment, KEPT, 12)
            states = "list(ImportRun.objects.order_by('pk').values_list('state', flat=True))"
            until_seen(environment, states, ["finished", "finished", "refused"])
            waiting = "[HookDelivery.objects.count() > 12, HookDelivery.objects.waiting().count()]"
            until_seen(environment, waiting, [True, 0])
            workers = "[len({w for t in DBTaskResult.objects.all() for w in t.worker_ids}) > 1]"
            until_seen(environment, workers, [True])
        # Nothing was asked twice, and the host never got more than two requests at once.
        asked = [one for one in server.requests if one.path != "/hook"]
        assert sorted(one.path for one in asked) == sorted(f"/{number}" for number in range(12))
        assert host.most == 2
        # The hook got each event once, in order.
        sent = [one.headers["webhook-id"] for one in server.requests if one.path == "/hook"]
        events = "[str(one.event_id) for one in HookDelivery.objects.order_by('pk')]"
        assert sent == see(environment, events)
        assert see(environment, "DBTaskResult.objects.failed().count()") == 0


def came(server: Server, count: int) -> bool:
    return len(server.requests) >= count


def test_workers_that_are_killed_lose_nothing(newsrooms: Newsrooms, tmp_path: Path) -> None:
    random = Random(31)
    with serving() as server, newsrooms.make("killed") as environment:
        pictures = [reply(different(number)) for number in range(24)]
        import_news = prepare(environment, server, tmp_path, pictures)
        import_news()
        with worker(environment, tmp_path / "log", "--workers", "2") as process:
            for _ in range(KILLS):
                # At any moment: when it starts, waits, fetches, renders, writes or ends a unit.
                begun = len(server.requests) + random.randrange(1, 6)
                until(partial(came, server, min(begun, 24)))
                os.kill(random.choice(until(lambda: children(process))), signal.SIGKILL)
            until_seen(environment, KEPT, 24)
            shown = "Image.objects.filter(stored=None).count()"
            until_seen(environment, shown, 0)
        traces = "sorted({t.traceback for t in DBTaskResult.objects.failed()})"
        assert see(environment, traces) in ([], ["Its worker was killed."])


@pytest.mark.once
def test_ends_after_the_current_work(newsrooms: Newsrooms, tmp_path: Path) -> None:
    came, go_on = threading.Event(), threading.Event()

    def slow(connection: socket.socket) -> None:
        came.set()
        assert go_on.wait(PATIENCE)
        reply(different(0))(connection)

    with serving() as server, newsrooms.make("ends") as environment:
        # The host gets two requests at once, so most have not started.
        import_news = prepare(environment, server, tmp_path, [slow] * 12)
        import_news()
        with worker(environment, tmp_path / "log", "--workers", "2") as process:
            assert came.wait(PATIENCE)
            workers = children(process)
            assert len(workers) == 2
            process.send_signal(signal.SIGTERM)
            go_on.set()
            assert process.wait(PATIENCE) == 0
        assert not any(map(is_alive, workers))
        fetched = "ImageFetch.objects.filter(state='kept').count()"
        assert 0 < see(environment, fetched) < 12
        begun = "DBTaskResult.objects.filter(queue_name='images').exclude(status='READY')"
        assert see(environment, f"[t.status for t in {begun}]") == ["SUCCESSFUL"]
        assert see(environment, "Worker.objects.count()") == 0


@pytest.mark.once
def test_its_processes_end_when_it_is_killed(newsrooms: Newsrooms, tmp_path: Path) -> None:
    with (
        newsrooms.make("orphans") as environment,
        worker(environment, tmp_path / "log", "--workers", "2") as process,
    ):
        alive = "sorted(w.queue for w in Worker.objects.alive(timezone.now()))"
        every = "urgent imports images"
        until_seen(environment, alive, ["clock", "urgent", every])
        workers = children(process)
        process.kill()
        until(lambda: not any(map(is_alive, workers)))
        # The others ended in order, this one only falls silent.
        silent = see(environment, "[[w.queue, w.pid] for w in Worker.objects.all()]")
        assert silent == [["clock", process.pid]]


@pytest.mark.once
@pytest.mark.skipif(not shutil.which("redis-server"), reason="needs redis-server")
def test_redis(newsrooms: Newsrooms, tmp_path: Path) -> None:
    came = threading.Event()

    def never(connection: socket.socket) -> None:
        came.set()
        connection.recv(1)

    redis = Redis(tmp_path)
    redis.start()
    try:
        with serving() as server, newsrooms.make("redis") as environment:
            environment["TASKS_URL"] = redis.url
            pictures = [never, *(reply(different(number)) for number in range(1, 3))]
            import_news = prepare(environment, server, tmp_path, pictures)
            with worker(environment, tmp_path / "log", "--workers", "2") as process:
                import_news()
                # Another worker does the unit of a killed one.
                assert came.wait(PATIENCE)
                for pid in children(process):
                    os.kill(pid, signal.SIGKILL)
                server.put("/0", different(0))
                until_seen(environment, KEPT, 3)
            assert see(environment, "DBTaskResult.objects.count()") == 0
    finally:
        redis.kill()

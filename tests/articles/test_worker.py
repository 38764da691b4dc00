"""``manage.py work`` in separate processes, and what happens to its tasks when it is killed."""

from __future__ import annotations

import os
import signal
import socket
import threading
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from articles.documents import DocumentImage
from tests.articles.images.samples import different
from tests.articles.images.server import Server, reply, serving
from tests.articles.importing.processes import Environment, Newsrooms, run
from tests.articles.samples import document, put
from tests.articles.working import PATIENCE, children, do, is_alive, see, until, until_seen, worker
from tests.factories import NOW

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/13")
KEPT = "StoredImage.objects.count()"


def put_documents(folder: Path, server: Server, count: int, *, published: bool = True) -> None:
    folder.mkdir()
    for number in range(count):
        image = DocumentImage(server.url(f"/{number}"))
        server.answers.setdefault(f"/{number}", reply(different(number)))
        one = document(
            title=f"Story {number}",
            web_url=f"https://paper.example/{number}",
            published_at=NOW - timedelta(hours=number),
            quality=80 if published else 60,
            heat=80 if published else 60,
            published=published,
            images=(image,),
        )
        put(folder, f"{number}.txt", one)


def prepared(environment: Environment, server: Server, tmp_path: Path) -> Environment:
    environment["MEDIA_ROOT"] = str(tmp_path / "media")
    environment["EXEMPT_PORTS"] = str(server.port)
    return environment


def kept(environment: Environment, count: int) -> None:
    until_seen(environment, KEPT, count)


@pytest.mark.once
def test_imported_published_and_scheduled_images_are_stored(
    newsrooms: Newsrooms, tmp_path: Path
) -> None:
    with serving() as server, newsrooms.make("works") as environment:
        prepared(environment, server, tmp_path)
        with worker(environment, tmp_path / "log"):
            put_documents(tmp_path / "a", server, 2)
            run(environment, "manage.py", "import_seeds", str(tmp_path / "a"))
            kept(environment, 2)
            # Images of articles that readers do not see are not fetched.
            hidden = DocumentImage(server.put("/hidden", different(7)))
            later = DocumentImage(server.put("/later", different(8)))
            (tmp_path / "b").mkdir()
            for name, image in (("Hidden", hidden), ("Later", later)):
                url = f"https://paper.example/{name}"
                put(
                    tmp_path / "b",
                    f"{name}.txt",
                    document(title=name, web_url=url, images=(image,)),
                )
            run(environment, "manage.py", "import_seeds", str(tmp_path / "b"))
            do(
                environment,
                "newsdesk.perform(newsdesk.publish(Article.objects.get(title='Hidden')), by=None)",
            )
            kept(environment, 3)
            assert "/later" not in server.paths()
            do(
                environment,
                "Article.objects.filter(title='Later').update(published=True, heat=80,"
                "publish_from=timezone.now() + timedelta(seconds=4))",
            )
            kept(environment, 4)


def test_another_worker_does_the_task_of_a_killed_one(newsrooms: Newsrooms, tmp_path: Path) -> None:
    came = threading.Event()

    def never(connection: socket.socket) -> None:
        came.set()
        connection.recv(1)

    with serving() as server, newsrooms.make("killed") as environment:
        prepared(environment, server, tmp_path)
        server.put("/0", never)
        put_documents(tmp_path / "a", server, 3)
        run(environment, "manage.py", "import_seeds", str(tmp_path / "a"))
        with worker(environment, tmp_path / "log") as process:
            assert came.wait(PATIENCE)
            for pid in children(process):
                os.kill(pid, signal.SIGKILL)
            server.put("/0", different(0))
            kept(environment, 3)
            states = "sorted({t.status for t in DBTaskResult.objects.filter(queue_name='images')})"
            until_seen(environment, states, ["FAILED", "SUCCESSFUL"])
        assert see(environment, "sorted({t.traceback for t in DBTaskResult.objects.failed()})") == [
            "Its worker was killed."
        ]


def test_two_workers_do_nothing_twice(newsrooms: Newsrooms, tmp_path: Path) -> None:
    with serving() as server, newsrooms.make("two") as environment:
        prepared(environment, server, tmp_path)
        put_documents(tmp_path / "a", server, 12)
        with worker(environment, tmp_path / "one"), worker(environment, tmp_path / "two"):
            run(environment, "manage.py", "import_seeds", str(tmp_path / "a"))
            kept(environment, 12)
        assert sorted(server.paths()) == sorted(f"/{number}" for number in range(12))


@pytest.mark.once
def test_imports_uploads(newsrooms: Newsrooms, tmp_path: Path) -> None:
    with newsrooms.make("uploads") as environment:
        environment["UPLOAD_ROOT"] = str(tmp_path / "uploads")
        put(tmp_path, "one.md", document())
        (tmp_path / "archive.zip").write_bytes(b"no archive")
        code = f"""
from pathlib import Path
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from articles.importing import uploads
user = User.objects.create_user("operator")
for name in ("one.md", "archive.zip"):
    sent = SimpleUploadedFile(name, (Path({str(tmp_path)!r}) / name).read_bytes())
    uploads.receive([sent], by=user, is_dry_run=False)
"""
        do(environment, code)
        # Nobody woke the task: the clock finds what waits.
        states = "list(ImportRun.objects.order_by('pk').values_list('state', flat=True))"
        with worker(environment, tmp_path / "log"):
            until_seen(environment, states, ["finished", "refused"])
        assert see(environment, "Article.objects.get().title") == "Bridge opens"


@pytest.mark.once
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_after_the_current_work(
    newsrooms: Newsrooms, tmp_path: Path, number: signal.Signals
) -> None:
    came, go_on = threading.Event(), threading.Event()

    def slow(connection: socket.socket) -> None:
        came.set()
        assert go_on.wait(PATIENCE)
        reply(different(0))(connection)

    with serving() as server, newsrooms.make("ends") as environment:
        prepared(environment, server, tmp_path)
        server.put("/0", slow)
        # All images are on one host, which gets two requests at once, so most have not started.
        put_documents(tmp_path / "a", server, 12)
        server.put("/1", slow)
        run(environment, "manage.py", "import_seeds", str(tmp_path / "a"))
        with worker(environment, tmp_path / "log") as process:
            assert came.wait(PATIENCE)
            workers = children(process)
            assert workers
            process.send_signal(number)
            go_on.set()
            assert process.wait(PATIENCE) == 0
        assert not any(map(is_alive, workers))
        assert 0 < see(environment, KEPT) < 12
        begun = "DBTaskResult.objects.filter(queue_name='images').exclude(status='READY')"
        assert see(environment, f"[t.status for t in {begun}]") == ["SUCCESSFUL"]


@pytest.mark.once
def test_its_processes_end_when_it_is_killed(newsrooms: Newsrooms, tmp_path: Path) -> None:
    with newsrooms.make("orphans") as environment, worker(environment, tmp_path / "log") as process:
        workers = until(lambda: children(process))
        until(lambda: "working on" in (tmp_path / "log").read_text())
        until_seen(environment, "DBTaskResult.objects.successful().exists()", True)
        alive = "sorted(w.queue for w in Worker.objects.alive(timezone.now()))"
        queues = ["clock", "events", "images", "imports", "moments"]
        until_seen(environment, alive, queues)
        process.kill()
        until(lambda: not any(map(is_alive, workers)))
        # The others ended in order, this one only falls silent.
        silent = see(environment, "[[w.queue, w.pid] for w in Worker.objects.all()]")
        assert silent == [["clock", process.pid]]


@pytest.mark.once
def test_redis(newsrooms: Newsrooms, tmp_path: Path) -> None:
    address = urlsplit(REDIS)
    try:
        socket.create_connection((address.hostname, address.port or 6379), 1).close()
    except OSError:
        pytest.skip(f"no Redis at {REDIS}")
    with serving() as server, newsrooms.make("redis") as environment:
        prepared(environment, server, tmp_path)
        environment["TASKS_URL"] = REDIS
        put_documents(tmp_path / "a", server, 3)
        with worker(environment, tmp_path / "log"):
            run(environment, "manage.py", "import_seeds", str(tmp_path / "a"))
            kept(environment, 3)
        assert see(environment, "DBTaskResult.objects.count()") == 0
        # A task that is woken twice while no worker runs is queued only once.
        code = "wake(keep_images); wake(keep_images); import django_rq"
        do(environment, code)
        assert see(environment, "__import__('django_rq').get_queue('images').count") == 1
        do(environment, "__import__('django_rq').get_queue('images').empty()")

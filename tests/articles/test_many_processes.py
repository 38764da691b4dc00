"""Two web processes and three workers over PostgreSQL and Redis, while some of them are killed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from random import Random
from time import monotonic
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import psycopg
import pytest

from articles.sample_documents import generate
from tests.articles.images.server import reply, serving
from tests.articles.importing.processes import IMPORT, Environment, Newsrooms, check, run
from tests.articles.importing.worlds import SeedFile
from tests.articles.importing.worlds import put as put_files
from tests.articles.samples import document, put
from tests.articles.working import children, do, see, until, until_seen, worker
from tests.own_servers import Redis, Site
from tests.profiles import by_profile

pytestmark = [
    pytest.mark.slow,
    pytest.mark.no_cover,
    pytest.mark.timeout(300),
    pytest.mark.postgres,
    pytest.mark.django_db,
    pytest.mark.skipif(not shutil.which("redis-server"), reason="needs redis-server"),
]

DOCUMENTS = 300
KILLS = by_profile(quick=4, thorough=12)
SEEDS = range(by_profile(quick=1, thorough=5))
SEEN_WITHIN = 2.0
"""Seconds."""
EDITOR = """
from django.contrib.auth.models import Group, User
user = User.objects.create_user("publisher", is_staff=True)
user.groups.add(Group.objects.get(name="Publisher"))
token = ApiToken(user=user, name="test", expires_at=timezone.now() + timedelta(days=1))
token.make_secret()
token.save()
article = Article.objects.get()
found = [token.secret, article.slug, article.version, article.get_absolute_url()]
"""
OPERATOR = """
from django.contrib.auth.models import Group, User
from django.test import Client
user = User.objects.create_user("operator", is_staff=True)
user.groups.add(Group.objects.get(name="Operator"))
client = Client()
client.force_login(user)
found = client.cookies["sessionid"].value
"""
HOOK = """
from articles.webhooks import events
WebHook.objects.create(name="A mirror", url={url!r})
events.begin()
"""
QUEUED_LONG_AGO = """
from articles import units
find_images.enqueue()
(job,) = units.redis_queue(find_images.queue_name).jobs
job.enqueued_at = timezone.now() - timedelta(minutes=10)
job.save()
"""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path)
    server.start()
    yield server
    server.kill()


@contextmanager
def newsroom(newsrooms: Newsrooms, name: str, redis: Redis, folder: Path) -> Iterator[Environment]:
    """Make an empty newsroom that uses Redis as cache and as queue."""
    place = redis.url.removesuffix("/0")
    own = {"CACHE_URL": f"{place}/0", "TASKS_URL": f"{place}/1", "API_RATE": "0"}
    own |= {"MEDIA_ROOT": str(folder / "media"), "UPLOAD_ROOT": str(folder / "uploads")}
    with newsrooms.make(name) as environment:
        environment |= own
        yield environment


@contextmanager
def web(environment: Environment, log: Path) -> Iterator[Site]:
    """Run ``manage.py serve`` with one process."""
    site = Site(log, "--workers=1", **environment)
    try:
        site.start()
        yield site
    finally:
        site.stop()


def test_a_publish_on_one_web_process_is_seen_on_the_other(
    newsrooms: Newsrooms, redis: Redis, tmp_path: Path
) -> None:
    put(tmp_path / "news", "one.md", document(title="Bridge closes"))
    with newsroom(newsrooms, "webs", redis, tmp_path) as environment:
        run(environment, "manage.py", "import_seeds", str(tmp_path / "news"))
        token, slug, version, url = do(environment, EDITOR)
        with (
            web(environment, tmp_path / "1.log") as one,
            web(environment, tmp_path / "2.log") as two,
        ):
            for site in (one, two):
                assert site.get(url)[0] == 404
                assert "Bridge closes" not in site.get("/")[2]
            publish = Request(  # noqa: S310
                f"{one.origin}/api/v1/newsdesk/news/{slug}/publish/",
                json.dumps({"reason": "two sources"}).encode(),
                {
                    "Authorization": f"Bearer {token}",
                    "Content-Type": "application/json",
                    "If-Match": f'"{version}"',
                },
            )
            with urlopen(publish, timeout=60) as answer:  # noqa: S310
                assert answer.status == 200
            late = monotonic() + SEEN_WITHIN
            # A loaded machine may answer late, but not with the page of before.
            is_late = False
            while not is_late:
                is_late = monotonic() > late
                pages = [two.get("/"), two.get(url)]
            assert [status for status, _, _ in pages] == [200, 200]
            assert all("Bridge closes" in text for _, _, text in pages)


class Machine:
    """``manage.py work`` with one worker."""

    def __init__(self, environment: Environment, log: Path, stack: ExitStack) -> None:
        self._environment, self._log, self._stack = environment, log, stack
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        running = worker(self._environment, self._log, "--workers", "1")
        return self._stack.enter_context(running)

    def lose_worker(self) -> None:
        """Kill its worker, which it replaces."""
        os.kill(until(lambda: children(self.process))[0], signal.SIGKILL)

    def crash(self) -> None:
        """Kill everything, and start again."""
        pids = [self.process.pid, *children(self.process)]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = self._start()


@pytest.mark.parametrize("seed", SEEDS)
def test_workers_that_are_killed_lose_nothing(
    newsrooms: Newsrooms, redis: Redis, tmp_path: Path, seed: int
) -> None:
    """An import equals one done alone, and the hook gets all events, in order."""
    folder = tmp_path / "seeds"
    put_files(folder, [SeedFile(*file) for file in generate(DOCUMENTS, seed)])
    with newsrooms.make("alone") as environment:
        run(environment, *IMPORT, "0", str(folder))
        alone = check(environment)
    random = Random(seed)
    with (
        serving() as hook,
        newsroom(newsrooms, "killed", redis, tmp_path) as environment,
        ExitStack() as stack,
    ):
        environment["EXEMPT_PORTS"] = str(hook.port)
        do(environment, HOOK.format(url=hook.put("/hook", reply(status="204 No Content"))))
        database = stack.enter_context(psycopg.connect(_plain(environment), autocommit=True))
        stored = "SELECT coalesce(sum(stored), 0) FROM articles_upload"

        def has_done(steps: int) -> bool:
            row = database.execute(stored).fetchone()
            assert row
            return int(row[0]) + len(hook.requests) >= steps

        logs = [tmp_path / f"work-{number}.log" for number in range(3)]
        machines = [Machine(environment, log, stack) for log in logs]
        words = ("import_seeds", "--queue", "--batch-size=10", str(folder))
        run(environment, "manage.py", *words)
        # Thirty parts are stored, then most articles are sent to the hook.
        moments = [random.randrange(1, 30) for _ in range(KILLS // 2)]
        moments += [random.randrange(31, 80) for _ in range(KILLS // 2)]
        for moment in sorted(moments):
            until(partial(has_done, moment))
            machine = random.choice(machines)
            random.choice([machine.lose_worker, machine.crash])()
        until_seen(environment, "ImportRun.objects.get().state", "finished")
        events = "[HookDelivery.objects.count() > 50, HookDelivery.objects.waiting().count()]"
        until_seen(environment, events, [True, 0])
        found = check(environment)
        sent = [key for key, _ in groupby(one.headers["webhook-id"] for one in hook.requests)]
        assert sent == see(
            environment, "[str(one.event_id) for one in HookDelivery.objects.order_by('pk')]"
        )
    assert found == alone
    assert found["created"] == DOCUMENTS


def _plain(environment: Environment) -> str:
    parts = urlsplit(environment["DATABASE_URL"])
    return parts._replace(scheme="postgresql").geturl()


def test_doctor_and_the_system_page_report_each_fault_while_it_lasts(
    newsrooms: Newsrooms, redis: Redis, tmp_path: Path
) -> None:
    with (
        newsroom(newsrooms, "faults", redis, tmp_path) as environment,
        web(environment, tmp_path / "web.log") as site,
    ):
        # Its blank copy lacks the tables of the queue in Redis.
        run(environment, "manage.py", "migrate", "--verbosity=0")
        cookie = f"sessionid={do(environment, OPERATOR)}"

        def wrong() -> dict[str, str]:
            """Return what the page finds wrong, and check that `doctor` finds the same."""
            status, _, page = site.get("/admin/system/", Cookie=cookie)
            assert status == 200
            found = re.findall(
                r'system-name">(\w+)</span>\s*<span class="state state-failed">.*?system-words">(.*?)</',
                page.partition('id="checks"')[2].partition("</section>")[0],
                re.DOTALL,
            )
            by_name = {name.lower(): words for name, words in found}
            assert site.wrong().keys() == by_name.keys()
            return by_name

        assert wrong() == {
            "workers": "No clock is alive to queue what is due. Start manage.py work."
        }
        do(environment, QUEUED_LONG_AGO)
        found = wrong()
        assert found.keys() == {"queue", "workers"}
        assert re.match(
            r"Nobody works on \w+ \(10 minutes\)\. Start manage\.py work\.", found["queue"]
        )
        with worker(environment, tmp_path / "work.log", "--workers", "1"):
            until(lambda: "state-failed" not in site.get("/admin/system/", Cookie=cookie)[2])
            assert wrong() == {}
            redis.kill()
            assert wrong().keys() == {"cache", "queue"}
            redis.start()
            until(lambda: "state-failed" not in site.get("/admin/system/", Cookie=cookie)[2])
            assert wrong() == {}

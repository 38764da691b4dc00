"""The shipped server while its cache, its database or one of its processes fails."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.own_servers import ROOT, Postgres, Redis, Site, all_of, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not shutil.which("redis-server"), reason="needs redis-server"),
    pytest.mark.skipif(
        not (shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))),
        reason="needs PostgreSQL's server programs",
    ),
]


def reports(site: Site, text: str) -> bool:
    """Whether both processes of the server report this state."""
    return all(site.get("/readyz")[2] == f"{text}\n" for _ in range(10))


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    server = Redis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    server = Postgres(connections=40)
    server.start()
    server.create()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def site(
    redis: Redis, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    log = tmp_path_factory.mktemp("site") / "log"
    variables = {"DATABASE_URL": postgres.url, "CACHE_URL": redis.url, "API_RATE": "0"}
    served = Site(log, "--workers=2", **variables)
    served.manage("migrate", "--verbosity=0")
    served.manage("import_seeds", str(ROOT / "seeds"))
    served.start()
    wait_until(lambda: served.has_started(2), "both processes")
    yield served
    served.stop()


def test_many_requests_at_once_and_few_connections(site: Site) -> None:
    """250 requests at once, with 40 connections: none fails."""
    paths = ("/", "/latest/", "/search/?q=a{0}", "/api/v1/news/?limit={0}", "/topics/")
    asked = [paths[number % len(paths)].format(1 + number % 50) for number in range(250)]
    answers = all_of([partial(site.get, path) for path in asked], threads=250)
    assert Counter(status for status, _, _ in answers) == {200: 250}


@pytest.mark.parametrize("fault", ["gone", "frozen", "full"])
def test_without_the_cache_pages_are_rendered(site: Site, redis: Redis, fault: str) -> None:
    wait_until(lambda: reports(site, "ok"), "the start")
    if fault == "gone":
        redis.kill()
    elif fault == "frozen":
        redis.freeze()
    else:
        redis.kill()
        redis.start("--maxmemory", "1", "--maxmemory-policy", "noeviction")
    try:
        for path in ("/", "/latest/", "/search/?q=a", "/api/v1/news/", "/admin/login/"):
            assert site.get(path)[0] == 200, path
        wait_until(lambda: reports(site, "ok, but the cache does not work"), "the report")
        assert site.wrong().keys() == {"cache", "workers"}
    finally:
        if fault == "frozen":
            redis.thaw()
        else:
            redis.kill()
            redis.start()
    wait_until(lambda: reports(site, "ok"), "recovery")
    # No test has started a worker.
    assert site.wrong().keys() == {"workers"}


def test_counters_of_all_processes_are_added_up(site: Site) -> None:
    name = 'newsroom_request_seconds_count{kind="api",status="4xx"} '

    def counted() -> float:
        lines = site.get("/metrics")[2].splitlines()
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    before = counted()
    all_of([partial(site.get, "/api/made-up/")] * 50, threads=10)
    # Whichever process answers.
    assert {counted() for _ in range(10)} == {before + 50}


def test_a_worker_that_dies_is_replaced(site: Site) -> None:
    before = site.workers
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: site.has_started(3), "a new process")
    assert before[0] not in site.workers
    started = [one for one in site.log.read_text().splitlines() if "Started worker" in one]
    assert all(
        re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z INFO _granian\.serve: ", line) for line in started
    )
    assert all(site.get("/")[0] == 200 for _ in range(20))


def test_without_the_database_stored_pages_are_served(site: Site, postgres: Postgres) -> None:
    # Both processes must know the edition.
    fresh = [site.get("/")[2] for _ in range(40)][-1]
    postgres.stop()
    try:
        stale = site.get("/")
        assert (stale[0], stale[2]) == (200, fresh)
        status, headers, page = site.get("/search/?q=never-asked-before")
        assert status == 503
        assert int(headers["retry-after"]) > 0
        assert "Back in a moment" in page
        status, headers, problem = site.get("/api/v1/news/?limit=7")
        assert status == 503
        assert headers["content-type"] == "application/problem+json"
        assert '"status": 503' in problem
        assert site.get("/admin/login/")[0] in {200, 503}
        assert site.get("/readyz", **{"X-Request-ID": "probe-1"})[0] == 503
        assert "WARNING request=probe-1 newsroom.health: not ready" in site.log.read_text()
        assert site.get("/healthz")[0] == 200
        wrong = site.wrong()
        needing = {"migrations", "queue", "workers", "clock", "proxies"}
        assert wrong.keys() == {"database", *needing}
        assert "Check DATABASE_URL" in wrong["database"]
    finally:
        postgres.start()
    wait_until(lambda: reports(site, "ok"), "recovery")
    wait_until(lambda: site.get("/search/?q=never-asked-before")[0] == 200, "recovery")

"""What ``doctor`` finds. ``tests/newsroom/test_faults.py`` makes real servers fail."""

from __future__ import annotations

import json
import shutil
import threading
from collections import namedtuple
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django import Settings

from articles.models import Worker
from articles.tasks import keep_images, prepare_import
from articles.units import KILLED, QUEUES
from articles.watching import checks, queue
from newsroom import database_clock, health

pytestmark = pytest.mark.django_db

IMAGES = {"host": "pictures.example", "urls": ["https://pictures.example/1"], "providers": []}
Usage = namedtuple("Usage", "total used free")


def make_worker(queue: str, **overrides: Any) -> Worker:
    at = database_clock.now()
    values = {"host": "news-1", "pid": 7, "queue": queue, "begun_at": at, "seen_at": at}
    return Worker.objects.create(**values | overrides)


@pytest.fixture(autouse=True)
def on_one_machine(settings: Settings) -> None:
    """The state after an installation. The test runner adds its own host."""
    settings.ALLOWED_HOSTS = ["localhost"]


@pytest.fixture
def workers() -> None:
    for name in (*QUEUES, "clock"):
        make_worker(name)


def wrong() -> dict[str, str]:
    """Return the messages of what is wrong, by the names of the checks."""
    return {one.name: one.message for one in checks.results() if not one.ok}


def queued(count: int = 1, **overrides: Any) -> None:
    for _ in range(count):
        keep_images.enqueue(**IMAGES)
    if overrides:
        DBTaskResult.objects.update(**overrides)


def waiting() -> dict[str, int]:
    return {depth.queue: depth.waiting for depth in queue.depths()}


class TestCommand:
    @pytest.mark.usefixtures("workers")
    def test_success(self) -> None:
        output = StringIO()
        call_command("doctor", stdout=output)
        lines = output.getvalue().splitlines()
        assert [line.split()[:2] for line in lines] == [
            ["ok", check.name] for check in checks._CHECKS
        ]

    def test_fail_with_status_1(self) -> None:
        output = StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("doctor", "--format=json", stdout=output)
        assert ended.value.code == 1
        found = json.loads(output.getvalue())["checks"]
        assert all(one.keys() == {"name", "ok", "message"} for one in found)
        assert [one["name"] for one in found if not one["ok"]] == ["workers"]


@pytest.mark.usefixtures("workers")
class TestChecks:
    def test_database_and_what_needs_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail() -> str:
            raise OperationalError("connection refused")

        first = checks._Check("database", fail, "Check DATABASE_URL.", uses_database=True)
        monkeypatch.setattr(checks, "_CHECKS", (first, *checks._CHECKS[1:]))
        found = wrong()
        assert found.pop("database") == "connection refused. Check DATABASE_URL."
        assert set(found.values()) == {"Not checked without the database."}
        assert found.keys() == {"migrations", "queue", "workers", "clock", "proxies"}

    def test_migrations(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def forget_the_last(self: MigrationExecutor, targets: Any) -> list[Any]:
            return [(self.loader.graph.nodes["articles", "0001_initial"], False)]

        monkeypatch.setattr(MigrationExecutor, "migration_plan", forget_the_last)
        assert wrong() == {
            "migrations": "1 migration is missing, the last one articles.0001_initial. "
            "Run manage.py migrate."
        }

    def test_cache(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(health, "cache_works", lambda: False)
        assert "Check CACHE_URL" in wrong()["cache"]

    def test_a_check_that_takes_too_long_or_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ended = threading.Event()
        monkeypatch.setattr(checks, "LIMIT", 0.01)
        monkeypatch.setattr(
            checks,
            "_CHECKS",
            (
                checks._Check("frozen", lambda: str(ended.wait(60)), "Thaw it."),
                checks._Check("broken", lambda: str(1 // 0), "Mend it."),
            ),
        )
        found = wrong()
        ended.set()
        assert found == {
            "frozen": "No answer within 0.01 seconds.",
            "broken": "integer division or modulo by zero. Mend it.",
        }

    def test_media_that_cannot_be_written(
        self, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").touch()
        settings.MEDIA_ROOT = str(tmp_path / "file")
        assert "Check MEDIA_ROOT" in wrong()["media"]

    def test_files_of_the_check_are_deleted(self, settings: Settings, tmp_path: Path) -> None:
        settings.MEDIA_ROOT = str(tmp_path)
        assert not wrong()
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(("total", "free"), [(10**10, 9 * 10**8), (10**12, 4 * 10**10)])
    def test_disk(self, total: int, free: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(total, total - free, free))
        assert wrong()["disk"].startswith("Little space is left for media")


class TestQueue:
    @pytest.mark.usefixtures("workers")
    def test_counts_units_that_wait(self) -> None:
        queued(3)
        assert not wrong()
        (message,) = [one.message for one in checks.results() if one.name == "queue"]
        assert message.startswith("3 waiting, the oldest for ")
        assert waiting() == {"urgent": 0, "imports": 0, "images": 3}

    @pytest.mark.usefixtures("workers")
    def test_a_unit_that_nobody_begins_is_late(self) -> None:
        queued(enqueued_at=timezone.now() - timedelta(minutes=12))
        assert wrong() == {
            "queue": "Nobody works on images (12 minutes). Start manage.py work.",
        }

    @pytest.mark.usefixtures("workers")
    def test_a_unit_that_waits_for_a_long_one_is_not_late(self) -> None:
        queued(status="RUNNING")
        long_ago = timezone.now() - timedelta(hours=2)
        keep_images.enqueue(**IMAGES)
        DBTaskResult.objects.update(enqueued_at=long_ago)
        assert not wrong()

    @pytest.mark.usefixtures("workers")
    def test_failed_units_are_run_again_once(self) -> None:
        trace = "Traceback (most recent call last):\n  ...\nOSError: the disk is full\n"
        queued(status="FAILED", finished_at=timezone.now(), traceback=trace)
        assert "1 unit failed within the last day (keep_images)" in wrong()["queue"]
        (failed,) = queue.failed(10)
        assert failed.name == "keep_images host=pictures.example"
        assert failed.error == "OSError: the disk is full"
        assert queue.run_again(failed.key)
        assert not queue.run_again(failed.key)
        assert not wrong()
        assert waiting() == {"urgent": 0, "imports": 0, "images": 1}

    def test_fail_run_again_unknown(self) -> None:
        assert not queue.run_again("no key")

    @pytest.mark.usefixtures("workers")
    def test_units_of_killed_workers_were_done_by_others(self) -> None:
        queued(status="FAILED", finished_at=timezone.now(), traceback=KILLED)
        assert not wrong()

    def test_counts_by_task_and_result(self) -> None:
        queued(2, status="SUCCESSFUL")
        prepare_import.enqueue(upload=1)
        assert queue.counts() == {("keep_images", "successful"): 2}


class TestWorkers:
    def test_a_queue_without_a_living_worker(self) -> None:
        at = database_clock.now()
        for name in (*QUEUES, "clock"):
            make_worker(name, seen_at=at - timedelta(seconds=50 if name == "imports" else 30))
        assert wrong() == {"workers": "No worker is alive for imports. Start manage.py work."}

    def test_one_worker_for_all_queues_and_no_clock(self) -> None:
        make_worker("urgent imports images")
        assert wrong() == {
            "workers": "No clock is alive to queue what is due. Start manage.py work."
        }


class TestClock:
    @pytest.mark.usefixtures("workers")
    @pytest.mark.parametrize(("seconds", "words"), [(8, "8 seconds ahead of"), (-8, "behind")])
    def test_this_machine(self, seconds: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
        ask = database_clock.ask
        monkeypatch.setattr(database_clock, "ask", lambda: ask() - timedelta(seconds=seconds))
        assert words in wrong()["clock"]

    def test_a_worker(self) -> None:
        for name in (*QUEUES, "clock"):
            make_worker(name, host="news-2", clock_offset=-90)
        assert wrong() == {
            "clock": "The clock of worker news-2 is 90 seconds behind the database's. "
            "Synchronize the clocks, for example with NTP."
        }


@pytest.mark.once
@pytest.mark.usefixtures("workers")
class TestSettings:
    @pytest.fixture(autouse=True)
    def fit(self, settings: Settings) -> None:
        settings.ALLOWED_HOSTS = ["news.example"]
        settings.SITE_URL = "https://news.example"
        settings.SECRET_KEY = "0123456789abcdef" * 4
        settings.HTTPS = settings.SECURE_SSL_REDIRECT = True
        settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
        settings.SECURE_HSTS_SECONDS = 3600
        settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True

    def test_success(self) -> None:
        assert not wrong()

    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("DEBUG", True, "DEBUG shows tracebacks"),
            ("SITE_URL", "", "Set SITE_URL."),
            ("ALLOWED_HOSTS", ["*"], "Name the hosts in ALLOWED_HOSTS"),
            ("SECRET_KEY", "short", "Your SECRET_KEY has less than 50 characters"),
            ("HTTPS", False, "Set HTTPS once the site is served over it."),
        ],
    )
    def test_fail(self, name: str, value: object, words: str, settings: Settings) -> None:
        setattr(settings, name, value)
        assert words in wrong()["settings"]

    def test_a_trial_on_one_machine_needs_no_settings(self, settings: Settings) -> None:
        settings.ALLOWED_HOSTS = ["localhost"]
        settings.SITE_URL = settings.SECRET_KEY = ""
        assert not wrong()

"""What processes count. ``test_faults.py`` looks at several processes of a server."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from newsroom import counters
from newsroom.tolerant_cache import Outage


def value(name: str, **labels: str) -> float:
    """Return the value of a sample; 0 if there is none."""
    samples = [
        sample.value
        for family in text_string_to_metric_families(counters.counted().decode())
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return sum(samples)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "front"),
        ("/latest/", "latest"),
        ("/api/v1/news/", "api"),
        ("/admin/login/", "admin"),
        ("/healthz", "probes"),
        ("/media/no-picture.webp", "media"),
        ("/made-up-12345/", "other"),
        ("//", "front"),
    ],
)
def test_measures_requests_by_kind_of_page(client: Client, path: str, kind: str) -> None:
    labels = {"kind": kind, "status": f"{client.get(path).status_code // 100}xx"}
    before = value("newsroom_request_seconds_count", **labels)
    client.get(path)
    assert value("newsroom_request_seconds_count", **labels) == before + 1


@pytest.mark.django_db
def test_counts_failed_sign_ins(client: Client) -> None:
    User.objects.create_user("editor", password="right", is_staff=True)
    before = value("newsroom_sign_in_failures_total")
    for password in ("wrong", "right"):
        client.post("/admin/login/", {"username": "editor", "password": password})
    assert value("newsroom_sign_in_failures_total") == before + 1


def test_counts_failures_of_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    before = value("newsroom_cache_failures_total")
    outage = Outage()
    outage.note(OSError("gone"))
    outage.note(OSError("gone"))
    assert value("newsroom_cache_failures_total") == before + 2


class TestSeveralProcesses:
    def test_are_added_up(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        code = (
            "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'newsroom.settings'\n"
            "from newsroom import counters; counters.pages.labels('hit').inc(3)"
        )
        environment = os.environ | {counters.FOLDER: str(tmp_path)}
        for _ in range(2):
            subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
        monkeypatch.setenv(counters.FOLDER, str(tmp_path))
        assert value("newsroom_pages_total", result="hit") == 6

    def test_folders_of_former_servers_are_removed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait(60)
        others = {f"newsroom-counters-{pid}-a" for pid in (os.getppid(), "no-number")}
        for name in (
            *others,
            f"newsroom-counters-{ended.pid}-a",
            f"newsroom-counters-{os.getpid()}-a",
        ):
            (tmp_path / name).mkdir()
        made = Path(counters.make_folder())
        assert made.is_dir()
        assert {one.name for one in tmp_path.iterdir()} == others | {made.name}

"""The row of a run: its process, its counts so far, and whether it was killed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from articles import importing
from articles.importing import batch
from articles.models import ImportRun
from articles.sample_documents import generate
from tests.articles.importing.worlds import SeedFile, put
from tests.articles.samples import SEEDS, counts, document, entry, load
from tests.articles.samples import put as put_document
from tests.factories import NOW, make_run

pytestmark = pytest.mark.django_db

State = ImportRun.State


def running(**values: Any) -> ImportRun:
    """Store a run of another host that has just given a sign of life."""
    given = {"host": "elsewhere.example", "process": 7, "alive_at": NOW, "finished_at": None}
    return make_run(**given | {"state": State.RUNNING} | values)


def state(run: ImportRun, **later: float) -> str:
    """Return the state of a run, some time after its sign of life."""
    ImportRun.objects.settle(NOW + timedelta(**later))
    run.refresh_from_db()
    return run.state


@pytest.fixture
def ended_process() -> int:
    """Return the id of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


class TestKilled:
    def test_process_of_this_host_has_ended(self, ended_process: int) -> None:
        run = running(host=socket.gethostname(), process=ended_process, created=3)
        assert state(run) == "killed"
        assert (run.created, run.finished_at) == (3, None)

    def test_running_process_of_this_host_needs_no_sign_of_life(self) -> None:
        assert state(running(host=socket.gethostname(), process=os.getpid()), days=1) == "running"

    def test_silent_process_of_another_host(self) -> None:
        run = running()
        assert state(run, seconds=importing.SIGN_EVERY * 2) == "running"
        assert state(run, seconds=60) == "killed"

    def test_run_from_before_hosts_were_known(self) -> None:
        assert state(running(host="", process=None, alive_at=None)) == "killed"

    @pytest.mark.parametrize("ended", [State.FINISHED, State.INTERRUPTED, State.FAILED])
    def test_ended_runs_stay_as_they_are(self, ended: State) -> None:
        assert state(running(state=ended), days=1) == ended

    def test_late_sign_of_life(self) -> None:
        run = running()
        assert state(run, seconds=60) == "killed"
        importing.Report(created=2).record(run)
        run.refresh_from_db()
        assert (run.state, run.created) == ("running", 2)


class TestARun:
    def test_names_its_host_and_process(self) -> None:
        run = load(SEEDS).run
        assert run is not None
        run.refresh_from_db()
        assert (run.host, run.process) == (socket.gethostname(), os.getpid())
        assert run.alive_at is not None

    def test_has_its_counts_batch_by_batch(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(tmp_path, [SeedFile(*file) for file in generate(30, 5)])
        seen = []

        def look(documents: int) -> None:
            run = ImportRun.objects.get()
            seen.append((run.state, run.created))

        load(tmp_path, batch_size=10, progress=look)
        assert seen == [("running", 10), ("running", 20), ("running", 30)]

    def test_counts_coverage_from_time_to_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(importing, "COUNT_EVERY", -1.0)
        for number in range(3):
            url = f"https://daily.example/{number}"
            related = (entry(web_url=f"https://herald.example/{number}"),)
            put_document(tmp_path, f"{number}.md", document(web_url=url, related=related))
        seen = []

        def look(documents: int) -> None:
            seen.append(ImportRun.objects.get().stubs)

        report = load(tmp_path, batch_size=1, progress=look)
        assert seen == [1, 2, 3]
        assert (report.stubs, ImportRun.objects.get().stubs) == (3, 3)

    def test_counts_unchanged_and_skipped_files_from_time_to_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(tmp_path, [SeedFile(*file) for file in generate(30, 5)])
        (tmp_path / "0.md").write_text("# Read me\n", encoding="utf-8")
        load(tmp_path)
        monkeypatch.setattr(importing, "COUNT_EVERY", -1.0)
        seen = []

        def look(documents: int) -> None:
            run = ImportRun.objects.latest("pk")
            seen.append((run.unchanged, run.skipped, documents))

        report = load(tmp_path, batch_size=10, progress=look)
        assert counts(report) == {"unchanged": 30, "skipped": 1}
        assert [unchanged for unchanged, _, _ in seen] == sorted(one for one, _, _ in seen)
        assert seen[-1][:2] == (30, 1)
        run = ImportRun.objects.latest("pk")
        assert (run.unchanged, run.skipped) == (30, 1)

    def test_raises_the_original_error_even_if_its_row_cannot_be_written(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*arguments: object) -> None:
            raise OperationalError("the disk is full")

        monkeypatch.setattr(batch, "plan", fail)
        monkeypatch.setattr(importing, "_end", fail)
        with pytest.raises(OperationalError, match="the disk is full"):
            importing.run([SEEDS])


@pytest.fixture
def quick_signs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(importing, "SIGN_EVERY", 0.01)
    yield
    ImportRun.objects.all().delete()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestSignsOnPostgres:
    def test_are_given_while_a_batch_takes_long(self, quick_signs: None) -> None:
        run = running()
        with importing._signs_of_life(run):
            for _ in range(1_000):
                run.refresh_from_db()
                if run.alive_at != NOW:
                    break
        assert run.alive_at is not None
        assert run.alive_at > NOW

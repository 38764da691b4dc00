"""A queued import stores the rows of an import alone, whoever does its parts, in whatever order."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from articles import importing
from articles.documents.batches import received
from articles.importing import packing, queued, uploads
from articles.importing.report import Report
from articles.importing.undo import undo
from articles.models import Article, ImportFile, ImportPart, ImportRun, Upload
from articles.sample_documents import generate
from newsroom import bulk
from tests import digest
from tests.articles.importing.processes import IMPORT, Newsrooms, check, run
from tests.articles.importing.queueing import KilledError, work_through
from tests.articles.importing.worlds import (
    CATALOG,
    SeedFile,
    blank_newsroom,
    folder_of,
    older_versions,
    put,
    worlds,
)
from tests.articles.samples import document, only_article
from tests.articles.samples import put as put_document
from tests.articles.working import children, until, until_seen, worker

pytestmark = pytest.mark.django_db

State = ImportRun.State
BAD = SeedFile("bad.md", b"---\ntitle: [\n---\n")
PLAN = SeedFile("plans/plan.md", b"# Plan\n")


def told(report: Report) -> Any:
    """Return a report as JSON and text, without its times and its run."""
    as_json = report.as_json() | {"seconds": None, "run": None}
    report.seconds, report.run = 0, None
    return as_json, report.as_text()


def queue(paths: Sequence[Path], *, random: Random, **options: Any) -> Report:
    """Import through the queue: units come in a random order, twice, and some workers are killed."""
    upload = uploads.submit(paths, **options)

    def do(pk: int, part: int) -> None:
        match random.randrange(4):
            case 0:
                queued.parse_part(pk, part)
            case 1:
                with killed_while_storing():
                    uploads.work(pk, part)
            case _:
                uploads.work(pk, part)
                uploads.work(pk, part)

    work_through(random, do)
    upload.refresh_from_db()
    assert not ImportPart.objects.filter(parsed=None).exists()
    return Report.of_run(upload.run, upload.policy)


@contextmanager
def killed_while_storing() -> Iterator[None]:
    store = queued.store

    def store_and_die(*arguments: Any) -> Any:
        store(*arguments)
        raise KilledError

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(queued, "store", store_and_die)
        yield


@pytest.mark.once
@pytest.mark.no_cover
@settings(max_examples=24)
@given(world=worlds(max_size=5, dated=True), data=st.data())
def test_rows_and_reports_equal_those_of_an_import_alone(
    world: list[SeedFile], data: st.DataObject
) -> None:
    older, beside = data.draw(older_versions(world)), data.draw(worlds(max_size=2))
    options: dict[str, Any] = {
        "batch_size": data.draw(st.integers(1, 3)),
        "fail_fast": data.draw(st.sampled_from([False, False, True])),
        "dry_run": data.draw(st.sampled_from([False, False, True])),
    }
    random = Random(data.draw(st.integers(0, 1000)))
    files = [*world, BAD, PLAN, *CATALOG]
    with folder_of(older) as former, folder_of(files) as now, folder_of(beside) as other:
        folders = data.draw(st.sampled_from([[now], [now, other], [other, now]]))
        outcomes = []
        for run in (importing.run, partial(queue, random=random)):
            with blank_newsroom():
                importing.run([former])
                report = told(run(folders, **options))
                outcomes.append((report, digest.rows()))
        assert outcomes[0] == outcomes[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path / "seeds", [*(SeedFile(*file) for file in generate(30, 4)), BAD, PLAN, *CATALOG])
    return tmp_path / "seeds"


class TestParts:
    def test_of_other_versions_of_the_program_are_parsed_again(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload = uploads.submit([folder])
        with monkeypatch.context() as former:
            former.setattr(packing, "FORMAT", "former")
            for _, number in queued.unfinished():
                queued.parse_part(upload.pk, number)
        work_through()
        assert Article.objects.filter(coverage_only=False).count() == 30

    def test_that_changed_meanwhile_are_parsed_again(self, folder: Path) -> None:
        importing.run([folder])
        upload = uploads.submit([folder])
        for _, number in queued.unfinished():
            queued.parse_part(upload.pk, number)
        # They were unchanged, and so were not parsed.
        undo(ImportRun.objects.earliest("pk"))
        work_through()
        upload.run.refresh_from_db()
        assert (upload.run.created, upload.run.unchanged, upload.run.rejected) == (30, 0, 1)

    def test_load_nothing_but_documents(self) -> None:
        stored = pickle.dumps([print])
        with pytest.raises(pickle.UnpicklingError, match=r"builtins\.print is not part of"):
            list(received([stored]))

    def test_need_neither_the_folder_nor_its_files(self, folder: Path) -> None:
        uploads.submit([folder], batch_size=10)
        shutil.rmtree(folder)
        work_through()
        assert Article.objects.filter(coverage_only=False).count() == 30

    def test_are_removed_after_the_import_and_otherwise_after_a_day(self, folder: Path) -> None:
        uploads.submit([folder])
        uploads.submit([folder], dry_run=True)
        work_through()
        assert len(set(ImportPart.objects.values_list("token", flat=True))) == 1
        at = timezone.now() + uploads.KEPT
        uploads.remove_old(at - timedelta(minutes=1))
        assert ImportPart.objects.exists()
        uploads.remove_old(at + timedelta(minutes=1))
        assert not ImportPart.objects.exists()
        assert not ImportFile.objects.exists()
        assert not Upload.objects.filter(removed_at=None).exists()


class TestRuns:
    def test_are_stored_one_after_the_other(self, tmp_path: Path) -> None:
        old, new = tmp_path / "old", tmp_path / "new"
        put_document(old, "one.md", document(title="Old"))
        put_document(new, "one.md", document(title="New"))
        first, second = uploads.submit([old]), uploads.submit([new])
        assert queued.unfinished() == [(first.pk, 0)]
        queued.parse_part(second.pk, 0)
        queued.store_ready()
        assert not Article.objects.exists()
        work_through()
        assert only_article().title == "New"

    def test_parts_that_become_ready_while_another_worker_looks_are_stored_by_it(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload = uploads.submit([folder], batch_size=20)
        *earlier, last = range(3)
        for number in earlier:
            uploads.work(upload.pk, number)
        look = queued._is_ready
        looks = 0

        def look_and_parse(upload: Upload) -> bool:
            """Let another worker parse the last part after this one looked, but has the lock."""
            nonlocal looks
            looks += 1
            if looks == 2:
                queued.parse_part(upload.pk, last)
                with pytest.MonkeyPatch.context() as other:
                    other.setattr(bulk, "try_lock", lambda _: False)
                    other.setattr(queued, "_is_ready", look)
                    queued.store_ready()
                return False
            # A third one stored the part that was ready at first.
            return looks == 1 or look(upload)

        monkeypatch.setattr(queued, "_is_ready", look_and_parse)
        queued.store_ready()
        upload.run.refresh_from_db()
        assert (upload.run.state, upload.run.created) == (State.FINISHED, 30)

    def test_an_editor_sees_the_progress(self, folder: Path) -> None:
        upload = uploads.submit([folder], batch_size=10)
        assert (upload.total, upload.parts) == (32, 5)
        uploads.work(upload.pk, 0)
        uploads.work(upload.pk, 1)
        upload.refresh_from_db()
        assert (upload.run.state, upload.stored, upload.done) == (State.RUNNING, 2, 10)
        ImportRun.objects.settle(timezone.now() + timedelta(days=1))
        upload.run.refresh_from_db()
        assert upload.run.state == State.RUNNING

    def test_can_be_undone(self, folder: Path) -> None:
        before = digest.rows()
        upload = uploads.submit([folder], batch_size=10)
        with pytest.raises(ValueError, match="still running"):
            undo(upload.run)
        work_through(Random(5))
        assert undo(upload.run).removed == 30
        left = digest.rows()
        # Topics and providers stay.
        assert {table: left[table] for table in left if table not in {"Topic", "Provider"}} == {
            table: before[table] for table in before if table not in {"Topic", "Provider"}
        }

    def test_nothing_to_import(self, tmp_path: Path) -> None:
        run = uploads.submit([tmp_path]).run
        work_through()
        run.refresh_from_db()
        assert run.state == State.FINISHED

    def test_fail_a_file(self, tmp_path: Path) -> None:
        path = put_document(tmp_path, "one.md", document())
        with pytest.raises(NotADirectoryError, match="only folders can be queued"):
            uploads.submit([path])
        assert not ImportRun.objects.exists()

    def test_fail_while_files_are_read(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise OperationalError("the disk is full")

        monkeypatch.setattr(uploads, "_queue", fail)
        with pytest.raises(OperationalError):
            uploads.submit([folder])
        assert not ImportPart.objects.exists()


@pytest.mark.slow
def test_three_workers_one_of_them_killed(
    folder: Path, newsrooms: Newsrooms, tmp_path: Path
) -> None:
    put(folder, [SeedFile(*file) for file in generate(60, 5)])
    with newsrooms.make("alone") as environment:
        run(environment, *IMPORT, "0", str(folder), returncode=1)
        alone = check(environment)
    with newsrooms.make("queued") as environment:
        words = ("--workers", "3", "--queues", "imports")
        with worker(environment, tmp_path / "log", *words) as process:
            until(lambda: len(children(process)) == 3)
            run(environment, "manage.py", "import_seeds", "--queue", "--batch-size=10", str(folder))
            until_seen(environment, "ImportRun.objects.get().created > 0", True)
            os.kill(children(process)[0], signal.SIGKILL)
            until_seen(environment, "ImportRun.objects.get().state", "finished")
        found = check(environment)
    assert found == alone
    assert found["created"] == 90

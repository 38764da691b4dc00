"""Uploads are stored privately, imported by one task, and removed after a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.utils import timezone
from moto.server import ThreadedMotoServer

from articles.documents import write
from articles.importing import archives, queued, uploads
from articles.models import Article, ImportRun, SourceDocument, Upload
from articles.roles import Role
from newsroom import settings as site
from tests.articles.documents.documents import CASES
from tests.articles.importing.queueing import work_through
from tests.articles.importing.test_archives import zipped
from tests.articles.samples import document
from tests.factories import make_user

pytestmark = pytest.mark.django_db

GOOD = write(document())
BAD = b"---\ntitle: [\n---\n"
State = ImportRun.State


@pytest.fixture(autouse=True)
def empty_storage(tmp_path: Path, settings: Any) -> None:
    settings.UPLOAD_ROOT = str(tmp_path)
    storage = settings.STORAGES["uploads"] | {"OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = settings.STORAGES | {"uploads": storage}


def receive(*, is_dry_run: bool = False, **files: bytes) -> Upload:
    """Store files as an operator's upload; ``_`` in a name stands for a dot."""
    sent = [SimpleUploadedFile(name.replace("_", "."), data) for name, data in files.items()]
    user = make_user(Role.OPERATOR)
    return uploads.receive(sent, by=user, is_dry_run=is_dry_run)


def imported(*, is_dry_run: bool = False, **files: bytes) -> Upload:
    return worked(receive(is_dry_run=is_dry_run, **files))


def worked(upload: Upload) -> Upload:
    """Let a worker do everything that waits."""
    work_through()
    return renewed(upload)


def renewed(upload: Upload) -> Upload:
    return Upload.objects.select_related("run").get(pk=upload.pk)


def stored() -> list[str]:
    """Return the names of everything below UPLOAD_ROOT."""
    return sorted(path.name for path in Path(settings.UPLOAD_ROOT).rglob("*"))


def documents(count: int) -> bytes:
    return zipped(
        (f"{number}.md", write(document(title=f"Story {number}", web_url=f"https://a.example/{number}")))
        for number in range(count)
    )  # fmt: skip


class TestImport:
    def test_files_wait_and_are_imported_and_removed(self) -> None:
        upload = receive(one_md=GOOD, bad_md=BAD)
        assert upload.run.state == State.QUEUED
        assert upload.run.paths == ["one.md", "bad.md"]
        assert stored() == sorted(upload.stored_names)
        assert uploads.unprepared() == [upload.pk]
        assert not Article.objects.exists()

        upload = worked(upload)
        run = upload.run
        assert (run.state, run.created, run.rejected) == (State.FINISHED, 1, 1)
        assert run.started_by is not None
        assert (upload.total, upload.done) == (2, 2)
        assert Article.objects.get().source_document.path == "one.md"
        assert run.problems.get().place.startswith("bad.md:")
        assert stored() == []

    def test_archives(self) -> None:
        topic = b"name: Bridges\nshortname: B\n"
        members = [("news/one.md", GOOD), ("_data/topics/bridges.yaml", topic), ("p.jpg", b"x")]
        imported(all_zip=zipped(members))
        article = Article.objects.get()
        assert article.source_document.path == "news/one.md"
        assert article.topics.get().short_name == "B"

    def test_single_files_are_never_skipped_and_those_of_an_archive_are(self) -> None:
        upload = imported(plan_md=b"# Plan\n", all_zip=zipped([("other.md", b"# Plan\n")]))
        assert (upload.run.rejected, upload.run.skipped) == (1, 1)

    def test_bad_files_do_not_affect_others(self) -> None:
        upload = imported(all_zip=zipped([("../evil.md", b""), ("bad.md", BAD), ("one.md", GOOD)]))
        assert (upload.run.created, upload.run.rejected) == (1, 2)
        assert {problem.path for problem in upload.run.problems.all()} == {"../evil.md", "bad.md"}

    def test_messages_do_not_reveal_folders_of_the_server(self) -> None:
        upload = imported(all_zip=zipped([("news/bad.md", BAD), ("news/plan.md", b"# Plan\n")]))
        for problem in upload.run.problems.all():
            assert problem.path.startswith("news/")
            assert settings.UPLOAD_ROOT not in f"{problem.message} {problem.details}"

    def test_again_changes_nothing(self) -> None:
        imported(all_zip=documents(2))
        assert imported(all_zip=documents(2)).run.unchanged == 2

    def test_in_the_order_of_arrival(self) -> None:
        first, second = receive(one_md=GOOD), receive(one_md=GOOD)
        assert worked(first).run.created == 1
        assert renewed(second).run.unchanged == 1

    def test_descriptions_of_topics_are_not_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archives, "MOST_FILES", 1)
        topic = ("_data/topics/bridges.yaml", b"name: Bridges\nshortname: B\n")
        upload = imported(all_zip=zipped([("news/one.md", GOOD), topic]))
        assert upload.run.state == State.FINISHED
        assert (upload.total, upload.done) == (1, 1)


class TestDryRun:
    def test_writes_nothing_and_keeps_the_files(self) -> None:
        upload = imported(is_dry_run=True, one_md=GOOD, bad_md=BAD)
        run = upload.run
        assert (run.state, run.created, run.rejected) == (State.CHECKED, 1, 1)
        assert run.problems.get().path == "bad.md"
        assert (upload.total, upload.done) == (2, 2)
        assert not Article.objects.exists()
        assert not SourceDocument.objects.exists()
        assert stored() == sorted(upload.stored_names)

    def test_and_then_import_the_same_files(self) -> None:
        tried = imported(is_dry_run=True, one_md=GOOD)
        assert tried.can_be_imported
        user = make_user(Role.OPERATOR)
        again = uploads.import_again(tried.pk, by=user)
        # A second click finds the same run.
        assert uploads.import_again(tried.pk, by=user) == again
        assert again is not None
        again = worked(again)

        assert (again.run.state, again.run.created) == (State.FINISHED, 1)
        assert again.run.started_by == user
        assert stored() == []
        assert not renewed(tried).can_be_imported
        assert uploads.import_again(tried.pk, by=user) is None

    def test_errors_of_an_archive_are_counted(self) -> None:
        data = zipped([("../evil.md", b""), ("one.md", GOOD)])
        run = imported(is_dry_run=True, all_zip=data).run
        assert (run.created, run.rejected, run.problems.count()) == (1, 1, 1)


class TestRefused:
    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (zipped([]), "No documents were found"),
            (zipped([("p.jpg", b"")]), "must end in .md"),
            (b"no archive", "not an archive that can be read"),
            (zipped([("../one.md", GOOD)]), "None of the documents can be imported"),
        ],
        ids=["empty", "pictures", "text", "bad"],
    )
    def test_message(self, data: bytes, words: str) -> None:
        upload = imported(all_zip=data)
        assert upload.run.state == State.REFUSED
        assert upload.run.finished_at
        assert words in upload.message
        assert not upload.can_be_imported
        assert stored() == []

    def test_the_message_names_the_bad_members(self) -> None:
        run = imported(all_zip=zipped([("../one.md", GOOD)])).run
        assert (run.rejected, run.problems.get().path) == (1, "../one.md")

    def test_too_much_imports_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archives, "MOST_FILES", 2)
        upload = imported(all_zip=documents(3))
        assert "more than 2 documents: split it, or run manage.py import_seeds" in upload.message
        assert not Article.objects.exists()

    def test_files_that_the_worker_cannot_see(self) -> None:
        upload = receive(one_md=GOOD)
        (Path(settings.UPLOAD_ROOT) / upload.stored_names[0]).unlink()
        assert "must share UPLOAD_ROOT" in worked(upload).message

    def test_the_others_are_imported(self) -> None:
        receive(all_zip=b"no archive")
        assert imported(one_md=GOOD).run.state == State.FINISHED


class TestCancel:
    def test_before_it_begins(self) -> None:
        upload = receive(one_md=GOOD)
        uploads.cancel(upload)
        upload = worked(upload)
        assert upload.run.state == State.INTERRUPTED
        assert upload.message == "Canceled before it began."
        assert not Article.objects.exists()
        # It can still be imported.
        assert upload.can_be_imported

    def test_while_it_is_unpacked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        upload = receive(one_md=GOOD)
        monkeypatch.setattr(uploads, "_EVERY", 0)
        begin_then(monkeypatch, lambda: uploads.cancel(renewed(upload)))
        upload = worked(upload)
        assert upload.run.state == State.INTERRUPTED
        assert "before anything was imported" in upload.message
        assert not Article.objects.exists()

    def test_while_it_is_imported(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(uploads, "BATCH_SIZE", 2)
        upload = receive(all_zip=documents(5))
        uploads.prepare(upload.pk)
        uploads.work(*queued.unfinished()[0])
        uploads.cancel(renewed(upload))
        upload = worked(upload)
        assert (upload.run.state, upload.run.created) == (State.INTERRUPTED, 2)
        assert (upload.total, upload.done) == (5, 2)
        assert upload.message == "Canceled. What was imported before is kept."

        again = uploads.import_again(upload.pk, by=make_user())
        assert again
        assert worked(again).run.created == 3


def begin_then(monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> None:
    """Call ``do`` when the next upload begins to be unpacked."""
    unpack = uploads._unpack

    def unpack_later(*args: Any) -> None:
        do()
        unpack(*args)

    monkeypatch.setattr(uploads, "_unpack", unpack_later)


class TestFaults:
    def test_what_a_killed_worker_had_begun_is_continued(self) -> None:
        upload = receive(one_md=GOOD)
        # A worker of a former version had begun it.
        for state in (State.QUEUED, State.RUNNING):
            ImportRun.objects.update(state=state)
            Upload.objects.update(begun_at=timezone.now())
        ImportRun.objects.settle(timezone.now() + timedelta(days=1))
        assert worked(upload).run.state == State.FINISHED
        assert upload.run.problems.count() == 0
        assert stored() == []

    def test_a_signal_while_it_is_unpacked_leaves_it_in_the_queue(self) -> None:
        upload = receive(one_md=GOOD)
        uploads.prepare(upload.pk, lambda: True)
        assert renewed(upload).run.state == State.QUEUED
        assert stored() == upload.stored_names
        assert worked(upload).run.state == State.FINISHED

    def test_after_a_signal_it_is_continued(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(uploads, "BATCH_SIZE", 2)
        upload = receive(all_zip=documents(5))
        uploads.prepare(upload.pk)
        asked = iter([False, False])
        uploads.work(*queued.unfinished()[0], lambda: next(asked, True))
        run = renewed(upload).run
        assert (run.state, run.created) == (State.RUNNING, 2)
        run = worked(upload).run
        assert (run.state, run.created) == (State.FINISHED, 5)

    def test_a_dry_run_begins_again_after_a_signal(self) -> None:
        upload = receive(is_dry_run=True, all_zip=documents(2))
        uploads.prepare(upload.pk)
        asked = iter([False, False])
        uploads.work(*queued.unfinished()[0], lambda: next(asked, True))
        run = renewed(upload).run
        assert (run.state, run.created) == (State.RUNNING, 0)
        run = worked(upload).run
        assert (run.state, run.created) == (State.CHECKED, 2)

    def test_an_error_is_shown_and_the_files_are_kept(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise OperationalError("disk I/O error")

        upload = receive(one_md=GOOD)
        with monkeypatch.context() as broken:
            broken.setattr(queued, "store", fail)
            with pytest.raises(OperationalError):
                work_through()
        upload = renewed(upload)
        assert upload.run.state == State.FAILED
        assert "log" in upload.message
        again = uploads.import_again(upload.pk, by=make_user())
        assert again
        assert worked(again).run.created == 1

    def test_parts_that_a_restored_backup_does_not_have(self) -> None:
        upload = receive(one_md=GOOD)
        uploads.prepare(upload.pk)
        queued.forget([upload.token])
        upload = worked(upload)
        assert (upload.run.state, upload.run.created) == (State.REFUSED, 0)
        assert "no longer there" in upload.message

    def test_files_of_an_upload_that_cannot_be_queued_are_removed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise OperationalError("locked")

        monkeypatch.setattr(uploads, "_queue", fail)
        with pytest.raises(OperationalError):
            receive(one_md=GOOD)
        assert stored() == []


class TestRemoveOld:
    def test_after_a_day_unless_a_run_waits(self) -> None:
        tried, waiting = imported(is_dry_run=True, one_md=GOOD), receive(two_md=GOOD)
        at = timezone.now()
        uploads.remove_old(at + uploads.KEPT - timedelta(minutes=1))
        assert renewed(tried).can_be_imported
        uploads.remove_old(at + uploads.KEPT + timedelta(minutes=1))

        assert stored() == waiting.stored_names
        assert not renewed(tried).can_be_imported
        assert worked(waiting).run.state == State.FINISHED

    def test_files_without_a_row(self) -> None:
        upload = receive(one_md=GOOD)
        upload.run.delete()
        uploads.remove_old(timezone.now() + 2 * uploads.KEPT)
        assert stored() == []

    def test_nothing(self) -> None:
        Path(settings.UPLOAD_ROOT).rmdir()
        uploads.remove_old(timezone.now())


class TestS3:
    """Web servers and workers on several machines share a private bucket."""

    @pytest.fixture
    def bucket(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
        server.start()
        host, port = server.get_host_and_port()
        for name, value in {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_EC2_METADATA_DISABLED": "true",
            "MEDIA_S3_ENDPOINT": f"http://{host}:{port}",
            "MEDIA_S3_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        settings.STORAGES = settings.STORAGES | {"uploads": site.uploads("private")}
        resource = boto3.resource(
            "s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1"
        )
        yield resource.create_bucket(Bucket="private")
        resource.meta.client.close()
        server.stop()

    def test_is_imported_from_a_bucket(self, bucket: Any) -> None:
        tried = receive(is_dry_run=True, all_zip=documents(2))
        refused, old = receive(all_zip=b"no archive"), receive(one_md=GOOD)
        assert {one.key for one in bucket.objects.all()} == {
            name for upload in (tried, refused, old) for name in upload.stored_names
        }
        assert stored() == []
        uploads.cancel(old)
        assert worked(tried).run.created == 2
        assert renewed(refused).run.state == State.REFUSED
        again = uploads.import_again(tried.pk, by=make_user())
        assert again
        assert worked(again).run.created == 2

        assert [one.key for one in bucket.objects.all()] == old.stored_names
        uploads.remove_old(timezone.now() + 2 * uploads.KEPT)
        assert list(bucket.objects.all()) == []
        assert uploads.import_again(old.pk, by=make_user()) is None

    def test_fail_missing(self, bucket: Any) -> None:
        upload = receive(one_md=GOOD)
        bucket.objects.delete()
        assert "must share UPLOAD_ROOT" in worked(upload).message


@pytest.mark.skipif(not CASES.is_dir(), reason="needs the cases: see NEWSROOM_CASES")
class TestCases:
    """Archives as macOS and Windows make them."""

    @pytest.mark.parametrize(
        ("name", "path"),
        [
            ("macos.zip", "news/2026-11-18-from-a-mac.md"),
            ("windows-backslash.zip", "news/2026-11-18-from-windows.md"),
        ],
    )
    def test_are_imported(self, name: str, path: str) -> None:
        sent = [SimpleUploadedFile(name, (CASES / "zip" / name).read_bytes())]
        upload = uploads.receive(sent, by=make_user(), is_dry_run=False)
        run = worked(upload).run
        assert (run.state, run.created, run.rejected, run.skipped) == (State.FINISHED, 1, 0, 0)
        assert SourceDocument.objects.get().path == path

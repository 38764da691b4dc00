"""Operators upload and export documents, and see the progress of an import."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http.multipartparser import MultiPartParser
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from articles.admin.imports import import_page
from articles.admin.imports.runs import PATIENCE
from articles.documents import write
from articles.importing import uploads
from articles.models import Article, ImportRun, Upload, Worker
from articles.roles import Role
from tests.articles.admin.admin_pages import PAYLOAD, get, list_of, page_of
from tests.articles.importing.queueing import work_through
from tests.articles.samples import document, load, put
from tests.factories import make_article, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.once]

GOOD = write(document())


def page() -> str:
    return reverse("admin:articles_importrun_import")


def export_page() -> str:
    return reverse("admin:articles_article_export")


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_user(Role.OPERATOR))
    return client


def upload(client: Client, files: dict[str, bytes], **more: str) -> str:
    sent = [SimpleUploadedFile(name, data) for name, data in files.items()]
    response = client.post(page(), {"documents": sent, **more}, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def refused(client: Client, files: dict[str, bytes]) -> str:
    html = upload(client, files)
    assert 'class="errorlist' in html
    assert not ImportRun.objects.exists()
    assert not Article.objects.exists()
    return html


class TestImport:
    def test_queues_the_files_and_shows_the_run(self, operator: Client) -> None:
        html = upload(operator, {"one.md": GOOD, "all.zip": zipped({"two.md": GOOD})})
        run = ImportRun.objects.get()

        assert run.state == ImportRun.State.QUEUED
        assert run.paths == ["one.md", "all.zip"]
        assert run.started_by is not None
        assert not run.upload.is_dry_run
        assert "Waiting for a worker" in html
        assert not Article.objects.exists()

    def test_dry_run(self, operator: Client) -> None:
        upload(operator, {"one.md": GOOD}, dry_run="on")
        assert Upload.objects.get().is_dry_run

    def test_large_files_are_moved_and_not_read(
        self, operator: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # As if they were larger than FILE_UPLOAD_MAX_MEMORY_SIZE.
        monkeypatch.setattr(MemoryFileUploadHandler, "handle_raw_input", do_not_activate)
        monkeypatch.setattr(TemporaryUploadedFile, "read", None)
        monkeypatch.setattr(TemporaryUploadedFile, "chunks", None)
        upload(operator, {"one.md": GOOD})
        with uploads.storage().open(Upload.objects.get().stored_names[0]) as file:
            assert file.read() == GOOD

    @pytest.mark.parametrize(
        ("files", "words"),
        [
            ({"program.exe": b"x"}, "names of documents must end in .md"),
            ({"one.md": GOOD, "all.rar": b"x"}, "archives in .zip, .tar.gz"),
            ({"empty.md": b""}, "empty"),
            ({}, "Choose at least one file."),
        ],
        ids=["ending", "archive", "no-bytes", "nothing"],
    )
    def test_fail(self, operator: Client, files: dict[str, bytes], words: str) -> None:
        assert words in refused(operator, files)

    def test_fail_too_many_files(self, operator: Client, settings: Any) -> None:
        settings.DATA_UPLOAD_MAX_NUMBER_FILES = 1
        files = [SimpleUploadedFile(name, GOOD) for name in ("1.md", "2.md")]
        response = operator.post(page(), {"documents": files})
        assert response.status_code == 400
        assert "More than 1 files at once. Put them into a ZIP file." in response.text
        assert not ImportRun.objects.exists()

    def test_fail_too_large_before_it_is_read(
        self, operator: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(MultiPartParser, "parse", None)
        response = operator.generic("POST", page(), CONTENT_LENGTH=str(import_page.MOST_SENT + 1))
        assert response.status_code == 413
        assert "split it, or run manage.py import_seeds on the server" in response.text

    def test_users_without_permission_are_refused_before_the_request_is_read(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.force_login(make_user(Role.EDITOR))
        monkeypatch.setattr(MultiPartParser, "parse", None)
        files = {"documents": SimpleUploadedFile("one.md", GOOD)}
        assert client.post(page(), files).status_code == 403
        client.logout()
        assert client.post(page(), files).status_code == 302

    def test_the_files_have_no_url(self, operator: Client) -> None:
        upload(operator, {"one.md": GOOD})
        name = Upload.objects.get().stored_names[0]
        for address in (f"/media/{name}", f"/uploads/{name}", f"/media/../uploads/{name}"):
            assert operator.get(address).status_code == 404

    def test_access(self, client: Client) -> None:
        assert client.get(page()).status_code == 302
        for role in (Role.VIEWER, Role.EDITOR, Role.PUBLISHER):
            client.force_login(make_user(role))
            assert client.get(page()).status_code == 403
            assert client.post(page()).status_code == 403
            assert page() not in get(client, list_of(ImportRun))
        client.force_login(make_user(Role.OPERATOR))
        assert page() in get(client, list_of(ImportRun))
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(make_user(Role.OPERATOR))
        files = {"documents": SimpleUploadedFile("one.md", GOOD)}
        assert strict.post(page(), files).status_code == 403
        assert not ImportRun.objects.exists()


def do_not_activate(self: MemoryFileUploadHandler, *_: Any, **__: Any) -> None:
    self.activated = False


class TestRunPage:
    def run_page(
        self, client: Client, name: str = "one.md", data: bytes = GOOD, **more: str
    ) -> str:
        """Upload a file, let the worker import it, and return the page of the run."""
        upload(client, {name: data}, **more)
        work_through()
        return get(client, page_of(ImportRun.objects.latest("pk")))

    def test_renews_itself_until_it_is_finished(self, operator: Client) -> None:
        pending = upload(operator, {"one.md": GOOD})
        work_through()
        finished = get(operator, page_of(ImportRun.objects.get()))
        for part in ('http-equiv="refresh"', "import-run.js", "data-pending"):
            assert part in pending
            assert part not in finished

    def test_progress(self, operator: Client) -> None:
        upload(operator, {"one.md": GOOD})
        run = ImportRun.objects.get()
        Upload.objects.update(begun_at=timezone.now())
        assert "Unpacking the files" in get(operator, page_of(run))
        Upload.objects.update(parts=9, total=9000)
        assert "Waiting for a worker" in get(operator, page_of(run))
        Upload.objects.update(stored=3, done=3000)
        # No process of this import has to be alive: another one continues it.
        ImportRun.objects.update(state=ImportRun.State.RUNNING)
        html = get(operator, page_of(run))
        assert "3,000 of 9,000" in html
        assert 'max="9000"' in html
        assert cancel(run) in html

    def test_a_queued_folder(self, operator: Client, tmp_path: Path) -> None:
        put(tmp_path, "one.md", document())
        run = uploads.submit([tmp_path]).run
        html = get(operator, page_of(run))
        assert "Waiting for a worker" in html
        html = operator.post(cancel(run), follow=True).text
        assert "Canceled before it began." in html
        assert "Upload again" not in html
        operator.post(again(run))
        work_through()
        latest = ImportRun.objects.latest("pk")
        assert (latest.state, latest.created) == (ImportRun.State.FINISHED, 1)
        assert latest.folders == [str(tmp_path)]
        assert latest.paths == run.paths

    def test_says_that_no_worker_is_running(self, operator: Client) -> None:
        upload(operator, {"one.md": GOOD})
        run = ImportRun.objects.get()
        assert "manage.py work" not in get(operator, page_of(run))
        ImportRun.objects.update(started_at=timezone.now() - 2 * PATIENCE)
        for state in (ImportRun.State.RUNNING, ImportRun.State.QUEUED):
            ImportRun.objects.update(state=state)
            assert "manage.py work" in get(operator, page_of(run))
        at = timezone.now()
        Worker.objects.create(host="a", pid=1, queue="urgent imports", begun_at=at, seen_at=at)
        assert "manage.py work" not in get(operator, page_of(run))

    def test_waits_for_the_import_before_it(self, operator: Client) -> None:
        upload(operator, {"one.md": GOOD})
        upload(operator, {"two.md": GOOD})
        first, second = ImportRun.objects.order_by("pk")
        assert "the import before it" not in get(operator, page_of(first))
        html = get(operator, page_of(second))
        assert "the import before it" in html
        assert page_of(first) in html

    def test_dry_run_and_then_import_with_one_click(self, operator: Client) -> None:
        html = self.run_page(operator, dry_run="on")
        tried = ImportRun.objects.get()
        assert "Nothing was written" in html
        assert "Import these" in html
        assert again(tried) in html

        operator.post(again(tried))
        work_through()
        run = ImportRun.objects.latest("pk")
        assert (run.state, run.created) == (ImportRun.State.FINISHED, 1)
        assert again(tried) not in get(operator, page_of(tried))
        html = operator.post(again(tried), follow=True).text
        assert "The files are no longer there. Upload them again." in html

    def test_refused(self, operator: Client) -> None:
        html = self.run_page(operator, "all.zip", b"no archive")
        assert "Refused" in html
        assert "all.zip is not an archive that can be read" in html
        assert page() in html

    def test_cancel(self, operator: Client) -> None:
        assert cancel(ImportRun(pk=1)).replace("/1/", "/") not in self.run_page(operator)
        upload(operator, {"two.md": GOOD})
        run = ImportRun.objects.latest("pk")
        html = operator.post(cancel(run), follow=True).text
        assert "Canceled before it began." in html
        assert again(run) in html

    def test_hostile_texts(self, operator: Client) -> None:
        html = self.run_page(operator, "all.zip", zipped({f"../{PAYLOAD}.md": GOOD}))
        assert "leads out of the archive" in html
        assert "<script>alert" not in html
        html = self.run_page(operator, f"{PAYLOAD.replace('/', '')}.zip", b"x")
        assert "not an archive" in html
        assert "<script>alert" not in html

    def test_an_import_by_command_has_no_upload(self, operator: Client, tmp_path: Path) -> None:
        put(tmp_path, "one.md", document())
        run = load(tmp_path).run
        assert run
        assert "import-state" not in get(operator, page_of(run))
        for action in (again, cancel):
            assert operator.post(action(run)).status_code == 404

    def test_access(self, client: Client, operator: Client) -> None:
        self.run_page(operator, dry_run="on")
        run = ImportRun.objects.get()
        client.force_login(make_user(Role.PUBLISHER))
        html = get(client, page_of(run))
        assert "Nothing was written" in html
        for action in (again, cancel):
            assert action(run) not in html
            assert client.post(action(run)).status_code == 403
            assert client.get(action(run)).status_code == 405

    def test_queries(self, operator: Client, django_assert_num_queries: Any) -> None:
        upload(operator, {"one.md": GOOD})
        run = ImportRun.objects.get()
        # Session, user, permissions of the user and of the group, killed runs, run with its user,
        # problems, upload, whether another runs.
        with django_assert_num_queries(9):
            get(operator, page_of(run))


def again(run: ImportRun) -> str:
    return reverse("admin:articles_importrun_again", args=[run.pk])


def cancel(run: ImportRun) -> str:
    return reverse("admin:articles_importrun_cancel", args=[run.pk])


class TestExport:
    def archive(self, client: Client, which: str) -> zipfile.ZipFile:
        response: Any = client.get(export_page(), {"which": which})
        assert response.streaming
        assert response["Content-Type"] == "application/zip"
        return zipfile.ZipFile(io.BytesIO(response.getvalue()))

    def test_all_and_published(self, operator: Client, tmp_path: Path) -> None:
        put(tmp_path, "one.md", document())
        other = document(title="Other", web_url="https://a.example", heat=80, published=True)
        put(tmp_path, "two.md", other)
        load(tmp_path)
        make_article(coverage_only=True)
        everything = self.archive(operator, "all")

        assert everything.testzip() is None
        assert sorted(everything.namelist()) == [
            "2024-05-01-bridge-opens.md",
            "2024-05-01-other.md",
        ]
        # An export equals the document byte for byte, apart from ``secured``.
        assert everything.read("2024-05-01-bridge-opens.md") == GOOD
        assert self.archive(operator, "published").namelist() == ["2024-05-01-other.md"]

    def test_nothing_to_export(self, operator: Client) -> None:
        assert self.archive(operator, "all").namelist() == []

    def test_access(self, client: Client) -> None:
        assert client.get(export_page()).status_code == 302
        for role in (Role.VIEWER, Role.EDITOR, Role.PUBLISHER):
            client.force_login(make_user(role))
            assert client.get(export_page(), {"which": "all"}).status_code == 403
        client.force_login(make_user(Role.OPERATOR))
        assert "which=published" in get(client, export_page())
        assert client.post(export_page()).status_code == 405

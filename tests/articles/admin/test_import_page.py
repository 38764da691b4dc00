"""Operators import uploads and export documents, within limits."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from articles.admin.imports import uploads
from articles.documents import write
from articles.models import Article, ImportRun
from articles.roles import Role
from tests.articles.admin.admin_pages import PAYLOAD, get, list_of
from tests.articles.samples import document, load, put
from tests.factories import make_article, make_user

pytestmark = pytest.mark.django_db

GOOD = write(document())
BAD = b"---\ntitle: [\n---\n"


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
    def test_files(self, operator: Client) -> None:
        html = upload(operator, {"one.md": GOOD, "bad.md": BAD})
        run = ImportRun.objects.get()

        assert Article.objects.get().source_document.path == "one.md"
        assert (run.created, run.rejected, run.paths) == (1, 1, ["one.md", "bad.md"])
        assert run.started_by is not None
        problem = run.problems.get()
        assert problem.path == "bad.md"
        assert f"{problem.place}" in html
        assert "newsroom-import-" not in html

    def test_zip(self, operator: Client) -> None:
        files = {
            "news/one.md": GOOD,
            "_data/topics/bridges.yaml": b"name: Bridges\nshortname: B\n",
            "picture.jpg": b"x",
        }
        upload(operator, {"all.zip": zipped(files)})
        article = Article.objects.get()

        assert article.source_document.path == "news/one.md"
        assert article.topics.get().short_name == "B"

    def test_single_files_are_never_skipped_and_those_of_an_archive_are(
        self, operator: Client
    ) -> None:
        upload(operator, {"plan.md": b"# Plan\n"})
        upload(operator, {"all.zip": zipped({"plan.md": b"# Plan\n"})})

        counts = ImportRun.objects.order_by("pk").values_list("rejected", "skipped")
        assert list(counts) == [(1, 0), (0, 1)]

    def test_only_trying_writes_nothing(self, operator: Client) -> None:
        html = upload(operator, {"one.md": GOOD, "bad.md": BAD}, dry_run="on")

        assert "1 created" in html
        assert "bad.md:" in html
        assert "newsroom-import-" not in html
        assert not Article.objects.exists()
        assert not ImportRun.objects.exists()

    def test_hostile_words(self, operator: Client) -> None:
        html = upload(operator, {"bad.md": f"---\n{PAYLOAD}: x\n---\n".encode()}, dry_run="on")
        assert "<script>alert" not in html

    @pytest.mark.parametrize(
        "name", ["../evil.md", "/evil.md", "a/../../evil.md", "a\\..\\evil.md", "C:evil.md"]
    )
    def test_fail_names_outside(self, operator: Client, tmp_path: Path, name: str) -> None:
        assert "not a valid name for a document" in refused(
            operator, {"all.zip": zipped({name: GOOD})}
        )

    def test_fail_links(self, operator: Client) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            member = zipfile.ZipInfo("link.md")
            member.external_attr = 0o120777 << 16
            archive.writestr(member, "/etc/passwd")
        assert "a link, not a document" in refused(operator, {"all.zip": buffer.getvalue()})

    def test_fail_too_many(self, operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(uploads, "MOST_FILES", 3)
        files = {f"{number}.md": GOOD for number in range(4)}
        assert "More than 3 documents" in refused(operator, {"all.zip": zipped(files)})

    def test_the_largest_allowed_values(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(uploads, "MOST_FILES", 3)
        monkeypatch.setattr(uploads, "MOST_BYTES", 30)
        files = [SimpleUploadedFile(f"{number}.md", bytes(10)) for number in range(3)]
        assert len(uploads.lay_down(files, tmp_path)) == 3

    def test_fail_bomb(self, operator: Client) -> None:
        bomb = zipped({"bomb.md": b"0" * (uploads.MOST_BYTES + 1)})
        assert len(bomb) < 20_000
        assert "More than 10 MB" in refused(operator, {"all.zip": bomb})

    def test_fail_bomb_in_pieces(self, operator: Client) -> None:
        piece = b"0" * (uploads.MOST_BYTES // 4)
        bomb = zipped({f"{number}.md": piece for number in range(5)})
        assert "More than 10 MB" in refused(operator, {"all.zip": bomb})

    @pytest.mark.parametrize(
        "files",
        [
            {"all.zip": b"no archive"},
            {"all.zip": zipped({})},
            {"all.zip": zipped({"one.md": GOOD})[:-30]},
            {"program.exe": b"x"},
            {"empty.md": b""},
            {"one.md": GOOD, "all.zip": zipped({"one.md": GOOD})},
            {"all.zip": zipped({"a.md": GOOD, "a.md/b.md": GOOD})},
        ],
        ids=["text", "empty", "cut", "ending", "no-bytes", "twice", "file-as-folder"],
    )
    def test_fail(self, operator: Client, files: dict[str, bytes]) -> None:
        refused(operator, files)

    def test_fail_nothing(self, operator: Client) -> None:
        assert "This field is required" in upload(operator, {})

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
        assert strict.post(page()).status_code == 403


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

"""Errors are reported, and all other documents are still imported."""

from __future__ import annotations

import errno
import os
import re
import resource
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError

from articles import importing
from articles.importing import rows
from articles.models import Article, ImportProblem, ImportRun, Topic
from providers.models import Provider
from tests.articles.samples import counts, document, load, put

pytestmark = pytest.mark.django_db


def errors(report: importing.Report) -> list[str]:
    return [str(problem) for problem in report.of(ImportProblem.Kind.ERROR)]


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Return a folder with two valid documents and three broken ones."""
    good = put(tmp_path, "1-good.txt", document())
    put(tmp_path, "5-good.txt", document(title="Other", web_url="https://daily.example/other"))
    text = good.read_text(encoding="utf-8")
    for name, old, new in (
        ("2-date.txt", "2024-05-01T12:00:00Z", "2024-05-01"),
        ("3-title.txt", f'title: "{document().title}"', "title: 60"),
        ("4-url.txt", 'webUrl: "https:', 'webUrl: "ftp:'),
    ):
        (tmp_path / name).write_text(text.replace(old, new), encoding="utf-8")
    return tmp_path


class TestBrokenDocuments:
    def test_errors_are_reported_and_other_documents_imported(self, mixed: Path) -> None:
        report = importing.run([mixed])
        assert counts(report) == {"created": 2, "rejected": 3}
        places = [error.removeprefix(f"{mixed}/").split(" ")[0] for error in errors(report)]
        assert places == ["2-date.txt:5:20:", "3-title.txt:3:8:", "4-url.txt:6:9:"]
        assert Article.objects.count() == 2

    def test_fail_fast_stops_at_the_first_error_and_keeps_the_rest(self, mixed: Path) -> None:
        report = importing.run([mixed], fail_fast=True)
        assert counts(report) == {"created": 1, "rejected": 1}
        assert errors(report)[0].startswith(f"{mixed}/2-date.txt:")

    def test_fail_fast_of_a_dry_run_reports_the_same(self, mixed: Path) -> None:
        report = importing.run([mixed], fail_fast=True, dry_run=True)
        assert counts(report) == {"created": 1, "rejected": 1}

    def test_all_errors_of_one_document_count_as_one(self, tmp_path: Path) -> None:
        path = put(tmp_path, "a.txt", document())
        text = path.read_text(encoding="utf-8").replace(
            "publishedDateTime: 2", "publishedDateTime: x"
        )
        path.write_text(text.replace('webUrl: "https:', 'webUrl: "ftp:'), encoding="utf-8")
        report = importing.run([tmp_path])
        assert counts(report) == {"rejected": 1}
        assert len(errors(report)) == 2

    def test_a_broken_version_leaves_the_article_as_it_is(self, tmp_path: Path) -> None:
        path = put(tmp_path, "a.txt", document())
        load(tmp_path)
        path.write_bytes(path.read_bytes()[:200])
        assert counts(importing.run([tmp_path])) == {"rejected": 1}
        assert Article.objects.get().title == document().title


class TestCatalogFiles:
    def put(self, folder: Path, name: str, text: str) -> None:
        path = folder / "_data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def test_broken_documents_are_reported(self, tmp_path: Path) -> None:
        self.put(tmp_path, "topics/a.yaml", "name: [A]\n")
        self.put(tmp_path, "topics/b.yaml", "name: Bridges\n")
        self.put(tmp_path, "organizations/c.md", "---\nname: C\n---\n")
        report = importing.run([tmp_path])
        assert counts(report) == {"rejected": 2}
        assert "topics/a.yaml:1:7: " in errors(report)[1]
        assert "missing key domain" in errors(report)[0]
        assert Topic.objects.get().name == "Bridges"

    def test_parents_in_a_circle_are_rejected(self, tmp_path: Path) -> None:
        self.put(tmp_path, "topics/a.yaml", "name: A\nparent: B\n")
        self.put(tmp_path, "topics/b.yaml", "name: B\nparent: A\n")
        report = importing.run([tmp_path])
        assert counts(report) == {"rejected": 1}
        assert "circle" in errors(report)[0]

    def test_of_one_slug_are_refused(self, tmp_path: Path) -> None:
        self.put(tmp_path, "topics/a.yaml", "name: A\n_id: x\n")
        self.put(tmp_path, "topics/b.yaml", "name: B\n_id: x\n")
        report = importing.run([tmp_path])
        assert counts(report) == {"rejected": 1}
        assert "b.yaml:1:1: the topic A already has the _id x" in errors(report)[0]

    @pytest.mark.parametrize("given", [".", "_data", "_data/topics", "_data/topics/a.yaml"])
    def test_are_recognized_by_their_folder(self, tmp_path: Path, given: str) -> None:
        self.put(tmp_path, "topics/a.yaml", "name: A\n")
        self.put(tmp_path, "organizations/o.md", "---\nname: O\ndomain: o.example\n---\n")
        assert counts(load(tmp_path / given)) == {}
        assert Topic.objects.get().name == "A"
        assert Provider.objects.exists() == (given in {".", "_data"})

    def test_other_folders_of_data_are_left_alone(self, tmp_path: Path) -> None:
        self.put(tmp_path, "people/a.yaml", "name: A\n")
        self.put(tmp_path, "site.yml", "name: A\n")
        assert counts(load(tmp_path)) == {}


class TestOddFiles:
    def test_an_empty_folder_is_not_an_error(self, tmp_path: Path) -> None:
        assert counts(load(tmp_path)) == {}

    def test_hidden_files_and_folders_are_left_alone(self, tmp_path: Path) -> None:
        put(tmp_path, ".git/one.txt", document())
        put(tmp_path, ".one.txt", document())
        assert counts(load(tmp_path)) == {}

    def test_files_of_other_endings_are_left_alone(self, tmp_path: Path) -> None:
        put(tmp_path, "one.html", document())
        put(tmp_path, "two.MD", document())
        assert counts(load(tmp_path)) == {"created": 1}

    def test_folders_and_pipes_are_not_documents(self, tmp_path: Path) -> None:
        put(tmp_path, "folder.md/one.txt", document())
        os.mkfifo(tmp_path / "pipe.md")
        assert counts(load(tmp_path)) == {"created": 1}

    def test_named_pipe_is_refused(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.md")
        with pytest.raises(FileNotFoundError, match="neither a file nor a folder"):
            importing.run([tmp_path / "pipe.md"])

    def test_circular_links_are_not_followed(self, tmp_path: Path) -> None:
        put(tmp_path, "one.txt", document())
        (tmp_path / "loop").symlink_to(tmp_path)
        (tmp_path / "self.md").symlink_to("self.md")
        (tmp_path / "gone.md").symlink_to("nowhere.md")
        assert counts(load(tmp_path)) == {"created": 1}

    def test_missing_path_is_refused_before_writing(self, tmp_path: Path) -> None:
        put(tmp_path, "one.txt", document())
        for missing in ("missing", "x" * 300):
            with pytest.raises(FileNotFoundError, match="no such file or folder"):
                importing.run([tmp_path, tmp_path / missing])
        assert not ImportRun.objects.exists()

    def test_an_unreadable_file_is_reported(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(tmp_path, "a.txt", document())
        put(tmp_path, "b.txt", document(title="B", web_url="https://daily.example/b"))
        refuse(monkeypatch, "os.open", "a.txt")
        report = importing.run([tmp_path])
        assert counts(report) == {"created": 1, "rejected": 1}
        assert errors(report) == [f"{tmp_path}/a.txt:1:1: cannot be read: Permission denied"]

    def test_an_unreadable_folder_is_reported(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(tmp_path, "closed/a.txt", document())
        put(tmp_path, "open/a.txt", document())
        refuse(monkeypatch, "os.scandir", "closed")
        refuse(monkeypatch, "os.open", "closed")
        report = importing.run([tmp_path])
        assert counts(report) == {"created": 1, "rejected": 1}
        assert re.search(r"/closed/?:1:1: cannot be read: Permission denied", errors(report)[0])

    def test_a_huge_file_is_refused_without_being_read(self, tmp_path: Path) -> None:
        with (tmp_path / "huge.md").open("wb") as file:
            file.write(b"---\n")
            file.truncate(100 * 1024 * 1024)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        report = importing.run([tmp_path])
        assert counts(report) == {"rejected": 1}
        assert "104,857,600 bytes" in errors(report)[0]
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10_000  # KB


def refuse(monkeypatch: pytest.MonkeyPatch, target: str, name: str) -> None:
    """Make files whose names end in ``name`` fail to open, as for users other than root."""
    real: Any = os.scandir if target == "os.scandir" else os.open

    def refusing(path: object, *args: object, **kwargs: object) -> object:
        if str(path).rstrip("/").endswith(name):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(target, refusing)


class TestOddNames:
    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            (b"with space.md", "with space.md"),
            ("größer-日本.md".encode(), "größer-日本.md"),
            (b"two\nlines\x1b[31m.md", "two\\nlines\\x1b[31m.md"),
            (b"no\xfftext\xe9.md", "no\\xfftext\\xe9.md"),
            (b"x" * 252 + b".md", "x" * 252 + ".md"),
        ],
    )
    def test_are_imported_and_shown_on_one_line(
        self, tmp_path: Path, name: bytes, shown: str
    ) -> None:
        path = put(tmp_path, os.fsdecode(name), document())
        for expected in ({"created": 1}, {"unchanged": 1}):
            assert counts(load(tmp_path)) == expected
        assert Article.objects.get().source_document.path == shown
        path.write_bytes(b"broken")
        report = importing.run([path])
        assert errors(report)[0].startswith(f"{tmp_path}/{shown}:1:1: ")
        assert report.run is not None
        assert report.run.paths == [f"{tmp_path}/{shown}"]
        assert report.run.problems.get().path == f"{tmp_path}/{shown}"


class TestADocumentThatTheDatabaseRefuses:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for number in range(9):
            one = document(title=f"Title {number}", web_url=f"https://daily.example/{number}")
            put(tmp_path, f"{number}.txt", one)
        return tmp_path

    def break_one(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        insert = rows.insert_sources

        def refusing(pairs: list[rows.Pair], run: ImportRun) -> None:
            if any(row.path == "5.txt" for row, _ in pairs):
                raise error
            insert(pairs, run)

        monkeypatch.setattr(rows, "insert_sources", refusing)

    @pytest.mark.parametrize("error", [IntegrityError("no"), DatabaseError("no"), ValueError("no")])
    def test_is_rejected_alone(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        self.break_one(monkeypatch, error)
        report = importing.run([folder])
        assert counts(report) == {"created": 8, "rejected": 1}
        assert errors(report) == [f"{folder}/5.txt:1:1: could not be stored: no"]
        assert Article.objects.count() == 8
        assert report.run is not None
        assert report.run.problems.count() == 1

    def test_database_failure_rejects_no_document(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.break_one(monkeypatch, OperationalError("disk is full"))
        with pytest.raises(OperationalError):
            importing.run([folder], batch_size=3)
        assert ImportRun.objects.get().state == ImportRun.State.FAILED
        # The previous batch is stored, and the current one is rolled back.
        assert Article.objects.count() == 3

"""Warnings, and how files that are not news documents are treated."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from articles import importing
from articles.documents import DocumentProvider
from articles.importing import export
from articles.models import Article, ImportProblem
from providers.models import Provider
from tests.articles.samples import counts, document, load, only_article, put

pytestmark = pytest.mark.django_db

KINDS = ImportProblem.Kind
LATER = DocumentProvider("Later", "later.example")


def lay(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def exchange(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def import_as_json(*paths: Path, code: int = 0) -> dict[str, Any]:
    out = StringIO()
    if code:
        with pytest.raises(SystemExit) as caught:
            call_command("import_seeds", *paths, format="json", stdout=out, stderr=StringIO())
        assert caught.value.code == code
    else:
        call_command("import_seeds", *paths, format="json", stdout=out, stderr=StringIO())
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


class TestWarnings:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = put(tmp_path, "a.txt", document())
        exchange(path, "quality: 60", "quality: sixty")
        return path

    def test_reject_nothing_and_are_kept_with_the_run(self, path: Path) -> None:
        report = load(path.parent)

        assert counts(report) == {"created": 1, "warned": 1}
        assert report.run is not None
        report.run.refresh_from_db()
        assert report.run.warned == 1
        problem = report.run.problems.get()
        assert (problem.kind, problem.path, problem.line, problem.column) == (
            KINDS.WARNING, str(path), 8, 10,
        )  # fmt: skip
        assert only_article().quality is None

    def test_the_file_is_exported_byte_for_byte(self, path: Path) -> None:
        load(path.parent)

        ((_, data, is_revised),) = export.documents_of(Article.objects.all())
        assert (data, is_revised) == (path.read_bytes(), False)

    def test_an_edit_changes_its_own_line_alone(self, path: Path) -> None:
        load(path.parent)
        Article.objects.update(title="Another title")

        ((_, data, _),) = export.documents_of(Article.objects.all())
        before, after = path.read_bytes().splitlines(), data.splitlines()
        changed = [new for old, new in zip(before, after, strict=True) if old != new]
        assert changed == [b'title: "Another title"']

    def test_are_not_repeated_while_the_file_is_unchanged(self, path: Path) -> None:
        load(path.parent)

        assert counts(load(path.parent)) == {"unchanged": 1}

    def test_the_next_version_of_the_file_is_merged(self, path: Path) -> None:
        load(path.parent)
        exchange(path, "quality: sixty", "quality: 61")

        assert counts(load(path.parent)) == {"updated": 1}
        assert only_article().quality == 61

    def test_of_a_rejected_document_are_reported_as_well(self, path: Path) -> None:
        exchange(path, 'webUrl: "https:', 'webUrl: "ftp:')
        report = importing.run([path])

        assert counts(report) == {"rejected": 1, "warned": 1}
        assert [problem.line for problem in report.of(KINDS.WARNING)] == [8]

    def test_of_catalog_files(self, tmp_path: Path) -> None:
        lay(tmp_path, "_data/topics/a.yaml", "name: A\nkeywords: 5\n")

        assert counts(load(tmp_path)) == {"warned": 1}


class TestProviderWithoutName:
    def test_does_not_replace_a_name(self, tmp_path: Path) -> None:
        put(tmp_path, "a.txt", document())
        domain = document().provider.domain
        later = "2030-01-01T00:00:00Z"
        one = document(title="Later", web_url="https://later.example/", provider=LATER)
        path = put(tmp_path, "b.txt", one)
        entry = (
            f'related:\n  - title: "E"\n    publishedDateTime: {later}\n'
            f'    webUrl: "https://e.example/"\n    provider:\n      name: ""\n      domain: {domain}\n'
        )
        exchange(path, "\n---\n", f"\n{entry}---\n")
        load(tmp_path)

        assert Provider.objects.get(domain=domain).name == document().provider.name


class TestSkippedFiles:
    @pytest.fixture
    def hub(self, tmp_path: Path) -> Path:
        put(tmp_path, "_news/a.txt", document())
        lay(tmp_path, "README.md", "# Our hub\n")
        lay(tmp_path, "_events/a.md", "---\ntitle: Fair\n---\n")
        lay(tmp_path, "_events/b.md", "---\ntitle: Fete\n---\n")
        lay(tmp_path, "_events/c.md", "+++\ntitle = 1\n+++\n")
        lay(tmp_path, "_events/d.md", '{"title": 1}\n')
        path = put(tmp_path, "_videos/a.md", document(web_url="https://daily.example/v"))
        exchange(path, "quality: 60\n", "")
        return tmp_path

    def test_are_counted_by_folder_and_reason(self, hub: Path) -> None:
        report = load(hub)

        assert counts(report) == {"created": 1, "skipped": 6}
        assert [(one.path, one.message) for one in report.of(KINDS.SKIPPED)] == [
            (f"{hub}/", "1 file is not a news document: no front matter"),
            (f"{hub}/_events/", "1 file is not a news document: JSON front matter"),
            (f"{hub}/_events/", "1 file is not a news document: TOML front matter"),
            (
                f"{hub}/_events/",
                "2 files are not news documents: neither publishedDateTime nor provider",
            ),
            (
                f"{hub}/_videos/",
                "1 file is not a news document: heat or published without quality",
            ),
        ]
        assert report.run is not None
        assert report.run.problems.filter(kind=KINDS.SKIPPED).count() == 5

    def test_a_file_named_by_hand_gets_its_error(self, hub: Path) -> None:
        report = importing.run([hub / "README.md", hub / "_videos/a.md", hub / "_events/c.md"])

        assert counts(report) == {"rejected": 3}
        assert any("TOML" in problem.message for problem in report.of(KINDS.ERROR))

    def test_front_matter_that_cannot_be_read_is_an_error(self, hub: Path) -> None:
        lay(hub, "_events/e.md", "---\ntitle: [\n---\n")

        assert counts(importing.run([hub])) == {"created": 1, "skipped": 6, "rejected": 1}

    def test_a_large_file_without_front_matter_is_skipped(self, tmp_path: Path) -> None:
        lay(tmp_path, "log.txt", "x" * 300_000)

        assert counts(load(tmp_path)) == {"skipped": 1}


class TestReport:
    def test_has_the_keys_of_the_design(self, tmp_path: Path) -> None:
        lay(tmp_path, "README.md", "# Our hub\n")
        path = put(tmp_path, "a.txt", document())
        exchange(path, "quality: 60", "quality: sixty")

        found = import_as_json(tmp_path)

        assert list(found) == [
            "created", "updated", "unchanged", "retitled", "conflicts", "rejected", "warned",
            "skipped", "stubs", "duplicates", "score_differences", "policy", "errors", "warnings",
            "seconds", "run",
        ]  # fmt: skip
        assert (found["created"], found["warned"], found["skipped"]) == (1, 1, 1)
        (warning,) = found["warnings"]
        assert list(warning) == ["path", "line", "column", "message"]
        assert (warning["path"], warning["line"], warning["column"]) == (str(path), 8, 10)

    def test_a_rejected_document_ends_with_1(self, tmp_path: Path) -> None:
        found = import_as_json(lay(tmp_path, "a.md", "---\ntitle: A\n---\n"), code=1)

        assert found["errors"][0]["path"] == f"{tmp_path}/a.md"

    def test_equal_messages_are_one_line_with_three_places(self, tmp_path: Path) -> None:
        for number in range(5):
            one = document(title=f"Title {number}", web_url=f"https://daily.example/{number}")
            exchange(put(tmp_path, f"{number}.txt", one), "quality: 60", "quality: sixty")
        out = StringIO()
        call_command("import_seeds", tmp_path, stdout=out)

        (line,) = (line for line in out.getvalue().splitlines() if "sixty" in line)
        assert line.startswith("warning: 5 times: expected a whole number")
        places = ", ".join(f"{tmp_path}/{number}.txt:8:10" for number in range(3))
        assert line.endswith(f": {places} and 2 more")


class TestLanguage:
    def test_is_the_site_s_unless_the_document_names_one(
        self, tmp_path: Path, settings: Any
    ) -> None:
        settings.LANGUAGE_CODE = "es"
        put(tmp_path, "a.txt", document())
        put(tmp_path, "b.txt", document(title="B", web_url="https://b.example/", language="pt-BR"))
        load(tmp_path)

        assert dict(Article.objects.values_list("title", "locale")) == {
            document().title: "es",
            "B": "pt-BR",
        }

    def test_is_exported_byte_for_byte_except_for_edits(self, tmp_path: Path) -> None:
        path = put(tmp_path, "b.txt", document(language="es"))
        load(tmp_path)

        ((_, data, _),) = export.documents_of(Article.objects.all())
        assert data == path.read_bytes()
        Article.objects.update(locale="en-us")
        ((_, data, _),) = export.documents_of(Article.objects.all())
        assert data == path.read_bytes().replace(b"language: es\n", b"")
        Article.objects.update(locale="de")
        ((_, data, _),) = export.documents_of(Article.objects.all())
        assert data == path.read_bytes().replace(b"language: es\n", b"language: de\n")

    def test_a_newer_document_changes_it(self, tmp_path: Path) -> None:
        path = put(tmp_path, "b.txt", document(language="es"))
        load(tmp_path)
        exchange(path, "language: es", "language: fr")

        assert counts(load(tmp_path)) == {"updated": 1}
        assert only_article().locale == "fr"

"""The command ``import_seeds``: output and exit status."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from articles import importing
from articles.importing import uploads
from articles.management.commands import import_seeds
from articles.models import Article, ImportRun, Upload
from tests.articles.importing.queueing import work_through
from tests.articles.importing.worlds import blank_newsroom
from tests.articles.samples import SEEDS, document, put

pytestmark = pytest.mark.django_db


def run(*paths: Path, **options: Any) -> tuple[int, str, str]:
    """Return exit status, stdout and stderr."""
    out, err = StringIO(), StringIO()
    try:
        call_command("import_seeds", *map(str, paths), stdout=out, stderr=err, **options)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


class TestReport:
    def test_in_json_has_the_keys_of_the_design(self, tmp_path: Path) -> None:
        put(tmp_path, "one.txt", document())
        put(tmp_path, "two.txt", document(title="Two", heat=64))
        (tmp_path / "bad.txt").write_text("---\ntitle: 1\nprovider: 2\n---\n", encoding="utf-8")
        status, out, err = run(tmp_path, format="json")
        report = json.loads(out)
        assert list(report) == [
            "created", "updated", "unchanged", "retitled", "conflicts", "rejected", "warned",
            "skipped", "stubs", "duplicates", "score_differences", "policy", "errors", "warnings",
            "seconds", "run",
        ]  # fmt: skip
        assert status == 1
        assert (report["created"], report["rejected"]) == (2, 1)
        assert report["duplicates"] == [
            {
                "url": document().url,
                "slugs": ["2024-05-01-bridge-opens", "2024-05-01-two"],
            }
        ]
        (difference,) = report["score_differences"]
        assert (difference["slug"], difference["heat"]) == ("2024-05-01-two", 64)
        assert difference["policy_heat"] == 60
        for error in report["errors"]:
            assert list(error) == ["path", "line", "column", "message"]
            assert error["path"] == f"{tmp_path}/bad.txt"
        assert f"{tmp_path}/bad.txt:2:8: " in err

    def test_text_report_begins_with_the_counts(self) -> None:
        status, out, err = run(SEEDS)
        assert status == 0
        assert out.startswith(
            "2 created, 0 updated, 0 unchanged, 0 retitled, 0 conflicts, 0 rejected, 0 warned, "
            "0 skipped, 1 link-only"
        )
        number = ImportRun.objects.get().pk
        assert out.endswith(f"This was import {number}. Undo it: manage.py undo_import {number}\n")
        assert "undo" not in run(SEEDS)[1]
        assert err == ""

    def test_of_a_dry_run_names_no_run(self) -> None:
        _, out, _ = run(SEEDS, format="json", dry_run=True)
        assert json.loads(out)["run"] is None
        assert not Article.objects.exists()

    def test_no_progress_bar_without_a_terminal(self, capsys: pytest.CaptureFixture[str]) -> None:
        run(SEEDS)
        assert capsys.readouterr().err == ""


class TestExitStatus:
    def test_is_1_where_documents_were_rejected(self, tmp_path: Path) -> None:
        for name in ("a.txt", "b.txt", "c.txt"):
            (tmp_path / name).write_text("---\ntitle: [\n---\n", encoding="utf-8")
        put(tmp_path, "good.txt", document())
        status, _, err = run(tmp_path)
        assert status == 1
        for name in ("a.txt", "b.txt", "c.txt"):
            assert f"{tmp_path}/{name}:" in err
        assert Article.objects.count() == 1

    def test_is_1_after_fail_fast_too(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("---\ntitle: [\n---\n", encoding="utf-8")
        put(tmp_path, "b.txt", document())
        assert run(tmp_path, fail_fast=True)[0] == 1
        assert not Article.objects.exists()

    @pytest.mark.parametrize("options", [{"batch_size": 0}, {"batch_size": -5}])
    def test_is_2_for_a_batch_size_below_1(self, options: dict[str, int]) -> None:
        with pytest.raises(CommandError, match="batch-size") as raised:
            run(SEEDS, **options)
        assert raised.value.returncode == 2

    def test_is_2_for_a_missing_path(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="missing: no such file or folder") as raised:
            run(SEEDS, tmp_path / "missing")
        assert raised.value.returncode == 2
        assert not Article.objects.exists()

    def test_is_130_after_an_interrupt(self, monkeypatch: pytest.MonkeyPatch) -> None:
        report = importing.Report(stopped=130)
        monkeypatch.setattr(importing, "run", lambda *args, **kwargs: report)
        status, _, err = run(SEEDS)
        assert status == 130
        assert "run again to continue" in err


class TestQueue:
    def test_names_the_run_and_its_page(self, settings: Any) -> None:
        settings.SITE_URL = "https://news.example"
        status, out, _ = run(SEEDS, queue=True)
        number = ImportRun.objects.get().pk
        page = f"https://news.example/admin/articles/importrun/{number}/change/"
        assert status == 0
        assert out.startswith(f"Import {number} is queued: 2 documents. ")
        assert page in out
        _, out, _ = run(SEEDS, queue=True, format="json", batch_size=1)
        found = {"run": number + 1, "documents": 2, "parts": 2}
        assert json.loads(out) == found | {"url": page.replace(str(number), str(number + 1))}
        assert not Article.objects.exists()

    def test_waits_and_prints_the_report_of_an_import_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "a.txt").write_text("---\ntitle: [\n---\n", encoding="utf-8")
        put(tmp_path, "b.txt", document())
        monkeypatch.setattr(import_seeds, "sleep", lambda _: work_through())
        with blank_newsroom():
            alone = run(tmp_path, format="json")
        queued = run(tmp_path, format="json", queue=True, wait=True)
        assert queued[0] == alone[0] == 1
        assert queued[2] == alone[2] != ""
        times = {"seconds": 0, "run": 0}
        assert json.loads(queued[1]) | times == json.loads(alone[1]) | times

    def test_fail_if_it_is_canceled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cancel = lambda _: uploads.cancel(Upload.objects.get())  # noqa: E731
        monkeypatch.setattr(import_seeds, "sleep", cancel)
        with pytest.raises(CommandError, match="interrupted"):
            run(SEEDS, queue=True, wait=True)

    @pytest.mark.parametrize(
        ("paths", "options", "words"),
        [
            ([SEEDS], {"wait": True}, "--wait needs --queue"),
            ([__file__], {"queue": True}, "only folders can be queued"),
        ],
    )
    def test_fail(self, paths: list[Path], options: dict[str, bool], words: str) -> None:
        with pytest.raises(CommandError, match=words) as raised:
            run(*paths, **options)
        assert raised.value.returncode == 2


class TestPaths:
    def test_default_to_the_seeds(self) -> None:
        assert run()[0] == 0
        assert Article.objects.filter(coverage_only=False).count() == 2

"""Downloads of the problems of an import run."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from articles import importing
from articles.models import ImportProblem, ImportRun
from articles.roles import Role
from tests.articles.admin.admin_pages import CANARY, get, page_of
from tests.articles.samples import document, put
from tests.factories import NOW, make_run, make_user

pytestmark = pytest.mark.django_db

FORMATS = ["txt", "csv", "json"]


def address(run: ImportRun, ending: str) -> str:
    return reverse(f"admin:articles_importrun_{ending}", args=[run.pk])


def download(client: Client, run: ImportRun, ending: str) -> str:
    response: Any = client.get(address(run, ending))
    assert response.status_code == 200
    assert response.streaming
    assert f'filename="import-{run.pk}-problems.{ending}"' in response["Content-Disposition"]
    content: bytes = response.getvalue()
    return content.decode()


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(make_user(Role.VIEWER))
    return client


def make_problem(run: ImportRun, message: str = "bad date", path: str = "bad.md") -> ImportProblem:
    return ImportProblem.objects.create(
        run=run, kind="error", path=path, line=3, column=7, message=message
    )


class TestDownloads:
    def test_text(self, viewer: Client) -> None:
        run = make_run()
        make_problem(run)
        make_problem(run, "two\r\nlines")
        make_problem(make_run(), "of another run")

        assert download(viewer, run, "txt") == "bad.md:3:7: bad date\nbad.md:3:7: two lines\n"

    def test_of_a_real_import(self, viewer: Client, tmp_path: Path) -> None:
        put(tmp_path, "good.md", document(secured=CANARY))
        (tmp_path / "bad.md").write_text("---\ntitle: [\n---\n")
        run = importing.run([tmp_path]).run
        assert run is not None
        lines = download(viewer, run, "txt").splitlines()

        assert len(lines) == run.problems.count()
        assert lines[0].startswith(f"{tmp_path}/bad.md:")
        for ending in FORMATS:
            assert "Q0FOQVJZ" not in download(viewer, run, ending)

    def test_of_one_kind(self, viewer: Client, tmp_path: Path) -> None:
        (tmp_path / "bad.md").write_text("---\ntitle: [\n---\n")
        (tmp_path / "README.md").write_text("# Read me\n")
        run = importing.run([tmp_path]).run
        assert run is not None
        address = reverse("admin:articles_importrun_csv", args=[run.pk])

        for kind, count in (("error", 1), ("skipped", 1), ("warning", 0), ("", 2)):
            answer: Any = viewer.get(address, {"kind": kind})
            lines = b"".join(answer.streaming_content).decode().splitlines()
            assert len(lines) == 1 + count
        page = viewer.get(reverse("admin:articles_importrun_change", args=[run.pk]))
        assert f"{address}?kind=skipped" in page.content.decode()

    @pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t"])
    def test_csv_holds_no_formula(self, viewer: Client, sign: str) -> None:
        run = make_run()
        make_problem(run, f"{sign}cmd|' /C calc'!A0", f'{sign}"HYPERLINK",x.md')
        rows = list(csv.reader(io.StringIO(download(viewer, run, "csv"))))

        assert rows[0] == ["kind", "path", "line", "column", "message"]
        kind, path, line, column, message = rows[1]
        assert (kind, line, column) == ("error", "3", "7")
        assert path == f'\'{sign}"HYPERLINK",x.md'
        assert message == f"'{sign}cmd|' /C calc'!A0"

    def test_json(self, viewer: Client) -> None:
        run = make_run()
        assert json.loads(download(viewer, run, "json")) == []
        make_problem(run)
        make_problem(run, "“”")
        found = json.loads(download(viewer, run, "json"))

        assert [one["message"] for one in found] == ["bad date", "“”"]
        assert found[0]["line"] == 3

    @pytest.mark.parametrize("ending", FORMATS)
    def test_access(self, client: Client, ending: str) -> None:
        run = make_run()
        assert client.get(address(run, ending)).status_code == 302
        client.force_login(make_user())
        assert client.get(address(run, ending)).status_code == 403
        client.force_login(make_user(Role.VIEWER))
        assert client.post(address(run, ending)).status_code == 405
        assert client.get(address(ImportRun(pk=10**9), ending)).status_code == 404

    def test_are_linked_if_not_empty(self, viewer: Client) -> None:
        run = make_run()
        assert address(run, "csv") not in get(viewer, page_of(run))
        make_problem(run)
        html = get(viewer, page_of(run))
        for ending in FORMATS:
            assert address(run, ending) in html


class TestKilledRuns:
    @pytest.fixture
    def killed(self) -> ImportRun:
        return make_run(
            state=ImportRun.State.RUNNING,
            finished_at=None,
            host="elsewhere.example",
            process=7,
            alive_at=NOW + timedelta(seconds=90),
            created=12,
        )

    def test_are_shown_as_killed_with_their_counts(self, viewer: Client, killed: ImportRun) -> None:
        html = get(viewer, page_of(killed))
        for words in ("process 7 on elsewhere.example", "was killed", "90.0 s", ">12<"):
            assert words in html

    def test_can_be_listed(self, viewer: Client, killed: ImportRun) -> None:
        other = make_run()
        html = get(viewer, reverse("admin:articles_importrun_changelist") + "?state=killed")
        assert page_of(killed) in html
        assert page_of(other) not in html

"""Importing the same documents again changes nothing, and a dry run never changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings

from articles import importing
from articles.importing import Report, parts
from articles.models import Article, ImportProblem, ImportRun, SourceDocument
from articles.sample_documents import generate, generate_catalog
from tests import digest
from tests.articles.importing.worlds import (
    CATALOG,
    SeedFile,
    blank_newsroom,
    folder_of,
    put,
    worlds,
)
from tests.articles.samples import SEEDS, counts, document, load
from tests.articles.samples import put as put_document

pytestmark = pytest.mark.django_db


def told(report: Report) -> object:
    """Return a report without the number and duration of its run."""
    return report.as_json() | {"run": None, "seconds": 0}


def writes_to_domain(queries: Sequence[dict[str, str]]) -> list[str]:
    domain = [model._meta.db_table for model in (Article, SourceDocument)] + [
        "articles_topic",
        "articles_image",
        "articles_related",
        "articles_articletopic",
        "articles_importconflict",
        "providers_provider",
    ]
    return [
        query["sql"]
        for query in queries
        if query["sql"].lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "COPY"))
        and any(f'"{table}"' in query["sql"] for table in domain)
    ]


class TestASecondImport:
    @pytest.mark.once
    @settings(max_examples=40)
    @given(world=worlds())
    def test_finds_everything_unchanged_and_writes_no_row(self, world: list[SeedFile]) -> None:
        with folder_of([*world, *CATALOG]) as folder, blank_newsroom():
            load(folder)
            before = digest.written()
            for _ in range(2):
                assert counts(load(folder)) == {"unchanged": len(world)}
                assert digest.written() == before

    def test_of_generated_documents_sends_no_write(self, tmp_path: Path) -> None:
        put(tmp_path, [SeedFile(*file) for file in (*generate(60, 5), *generate_catalog())])
        load(tmp_path)
        with CaptureQueriesContext(connection) as queries:
            assert counts(load(tmp_path)) == {"unchanged": 60}
        assert writes_to_domain(queries.captured_queries) == []

    def test_of_a_file_given_twice_in_one_run_creates_one(self) -> None:
        assert counts(load(SEEDS, SEEDS, *SEEDS.iterdir())) == {
            "created": 2,
            "unchanged": 4,
            "stubs": 1,
        }

    def test_long_documents_make_smaller_batches(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(3):
            one = document(title="x", web_url=f"https://a.example/{number}")
            put_document(tmp_path, f"{number}.md", one)
        size = (tmp_path / "0.md").stat().st_size
        monkeypatch.setattr(parts, "BATCH_BYTES", size + 1)
        batches: list[int] = []
        load(tmp_path, progress=batches.append)
        assert batches == [2, 1]

    def test_under_another_batch_size_finds_all_unchanged(self, tmp_path: Path) -> None:
        put(tmp_path, [SeedFile(*file) for file in generate(60, 5)])
        load(tmp_path, batch_size=7)
        assert counts(load(tmp_path, batch_size=1)) == {"unchanged": 60}


class TestQueries:
    def test_number_does_not_depend_on_the_documents(self, tmp_path: Path) -> None:
        spent = []
        for count in (60, 240):
            folder = tmp_path / str(count)
            put(folder, [SeedFile(*file) for file in generate(count, 9)])
            with blank_newsroom(), CaptureQueriesContext(connection) as queries:
                load(folder)
            spent.append(len(queries))
        assert spent[1] == spent[0] <= 65

    def test_unchanged_batch_costs_one_query(self, tmp_path: Path) -> None:
        put(tmp_path, [SeedFile(*file) for file in generate(100, 9)])
        load(tmp_path)
        with CaptureQueriesContext(connection) as queries:
            load(tmp_path, batch_size=50)
        # Expect these, not counting savepoints: highest key; the run's row; digests for each batch;
        # count of coverage-only articles; policy; comparison of scores; end of the run.
        told = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
        assert len(told) == 8


class TestADryRun:
    @pytest.mark.once
    @settings(max_examples=30)
    @given(world=worlds(), later=worlds())
    def test_writes_nothing_and_reports_like_a_real_run(
        self, world: list[SeedFile], later: list[SeedFile]
    ) -> None:
        with blank_newsroom():
            for files in (world, later):
                with folder_of(files) as folder:
                    before = digest.written()
                    dry = importing.run([folder], dry_run=True)
                    assert digest.written() == before
                    assert told(dry) == told(importing.run([folder]))

    def test_leaves_no_run_and_no_problem(self) -> None:
        report = load(SEEDS, dry_run=True)
        assert report.run is None
        assert counts(report) == {"created": 2, "stubs": 1}
        assert not ImportRun.objects.exists()
        assert not ImportProblem.objects.exists()
        assert not Article.objects.exists()

    def test_says_that_nothing_was_written(self) -> None:
        assert load(SEEDS, dry_run=True).as_text().endswith("Dry run: nothing was written.")


class TestTheRunsRow:
    def test_keeps_the_reports_counts_and_problems(self, tmp_path: Path) -> None:
        good = document()
        put_document(tmp_path, "a.txt", good)
        put_document(tmp_path, "b.txt", replace(good, title="Bridge opens again"))
        (tmp_path / "bad.txt").write_bytes(b"---\nno front matter: [\n---\n")
        importing.run([tmp_path])
        report = importing.run([tmp_path])
        assert counts(report) == {"unchanged": 2, "rejected": 1}
        run = report.run
        assert run is not None
        run.refresh_from_db()
        assert (run.state, run.created, run.unchanged, run.rejected) == ("finished", 0, 2, 1)
        assert run.finished_at is not None
        assert run.paths == [str(tmp_path)]
        assert [problem.kind for problem in run.problems.all()] == ["error"]
        first = ImportRun.objects.earliest("pk")
        assert (first.created, first.rejected) == (2, 1)
        assert {problem.kind for problem in first.problems.all()} == {"error", "duplicate"}

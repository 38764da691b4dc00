"""The result of an import depends on the documents, not on their order or grouping."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from articles import importing
from tests import digest
from tests.articles.importing.worlds import (
    CATALOG,
    SeedFile,
    blank_newsroom,
    folder_of,
    older_versions,
    worlds,
)
from tests.articles.samples import NOON, document, entry, load, put
from tests.digest import up_to_slugs

# Some mistakes are caught only by these property tests.
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.all_examples,
    pytest.mark.once,
    pytest.mark.no_cover,
]


def rows_after(runs: Sequence[Sequence[Path]], batch_size: int = 500) -> digest.Rows:
    with blank_newsroom():
        for paths in runs:
            report = importing.run(paths, batch_size=batch_size)
            assert report.rejected == 0, [str(problem) for problem in report.problems]
        return digest.rows()


class TestOrderOfImport:
    @settings(max_examples=60)
    @given(world=worlds(), data=st.data())
    def test_any_order_of_the_paths_gives_the_same_rows(
        self, world: list[SeedFile], data: st.DataObject
    ) -> None:
        with folder_of(world) as folder:
            paths = [folder / file.name for file in world]
            shuffled = data.draw(st.permutations(paths))
            size = data.draw(st.integers(1, len(paths)))
            assert rows_after([shuffled], size) == rows_after([paths])

    @settings(max_examples=60)
    @given(world=worlds(), data=st.data())
    def test_any_split_into_runs_gives_the_same_rows(
        self, world: list[SeedFile], data: st.DataObject
    ) -> None:
        with folder_of(world) as folder:
            paths = [folder / file.name for file in world]
            shuffled = data.draw(st.permutations(paths))
            cuts = sorted(data.draw(st.sets(st.integers(1, len(paths)), max_size=3)))
            bounds = [0, *cuts, len(paths)]
            runs = [shuffled[start:end] for start, end in itertools.pairwise(bounds) if start < end]
            assert up_to_slugs(rows_after(runs)) == up_to_slugs(rows_after([paths]))

    @settings(max_examples=30)
    @given(world=worlds(), data=st.data())
    def test_catalog_files_may_be_imported_at_any_time(
        self, world: list[SeedFile], data: st.DataObject
    ) -> None:
        with folder_of([*world, *CATALOG]) as folder:
            paths = [folder / file.name for file in (*world, *CATALOG)]
            shuffled = data.draw(st.permutations(paths))
            one_by_one = rows_after([[path] for path in shuffled])
            assert up_to_slugs(one_by_one) == up_to_slugs(rows_after([[folder]]))


class TestConvergence:
    @settings(max_examples=60)
    @given(world=worlds(dated=True), data=st.data())
    def test_newer_documents_equal_a_fresh_import(
        self, world: list[SeedFile], data: st.DataObject
    ) -> None:
        older = data.draw(older_versions(world))
        size = data.draw(st.integers(1, len(world)))
        with folder_of(world) as folder, folder_of(older) as old_folder:
            expected = up_to_slugs(articles_of(rows_after([[folder]])))
            with blank_newsroom():
                load(old_folder)
                load(folder, batch_size=size)
                assert up_to_slugs(articles_of(digest.rows())) == expected


def articles_of(rows: digest.Rows) -> digest.Rows:
    """Leave out providers and topics that only older documents mentioned."""
    return {table: found for table, found in rows.items() if table not in {"Provider", "Topic"}}


class TestOneUrl:
    def test_links_do_not_depend_on_slug_numbers(self, tmp_path: Path) -> None:
        named = entry(web_url="https://daily.example/named", published_at=NOON)
        first, second, namer = (
            put(tmp_path, "1.txt", document(title="Beta", web_url=named.web_url)),
            put(tmp_path, "2.txt", document(title="Beta 1", web_url=named.web_url)),
            put(tmp_path, "3.txt", document(title="Namer", related=(named,))),
        )
        # This document takes the slug of the first, which then sorts after the second.
        earlier = document(
            title="Beta", web_url="https://daily.example/z", published_at=NOON - timedelta(hours=1)
        )
        last = put(tmp_path, "4.txt", earlier)
        before = rows_after([[first, second, namer], [last]])
        assert up_to_slugs(rows_after([[last], [first, second, namer]])) == up_to_slugs(before)

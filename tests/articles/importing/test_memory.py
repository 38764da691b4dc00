"""An import's memory does not grow with the number of documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from articles.sample_documents import generate
from tests.articles.importing.processes import Newsrooms, run
from tests.articles.importing.worlds import SeedFile, put

MEASURE = ("-m", "tests.articles.importing.measuring")
KB_PER_MB = 1024


@pytest.mark.slow
@pytest.mark.once
class TestMemory:
    def test_is_the_same_for_1_000_and_5_000_documents(
        self, tmp_path: Path, newsrooms: Newsrooms
    ) -> None:
        most = []
        for count in (1_000, 5_000):
            folder = tmp_path / str(count)
            put(folder, [SeedFile(*file) for file in generate(count, 6)])
            with newsrooms.make(f"room{count}") as environment:
                most.append(int(run(environment, *MEASURE, str(folder)).stdout) / KB_PER_MB)
        few, many = most
        assert many < 150
        # Leaked documents would take at least 40 MB; normal runs differ by only a few.
        assert many - few < 25

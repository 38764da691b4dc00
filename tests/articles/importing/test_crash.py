"""An import killed at any moment leaves only complete articles, and the next one continues."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from random import Random

import pytest

from articles.sample_documents import generate
from tests.articles.importing.processes import IMPORT, Newsrooms, check, run
from tests.articles.importing.worlds import CATALOG, SeedFile, put
from tests.profiles import by_profile

pytestmark = [pytest.mark.slow, pytest.mark.once, pytest.mark.django_db]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "seeds"
    put(folder, [*(SeedFile(*file) for file in generate(100, 11)), *CATALOG])
    return folder


class TestAKilledImport:
    def test_leaves_whole_articles_and_the_next_import_completes_it(
        self, folder: Path, newsrooms: Newsrooms
    ) -> None:
        with newsrooms.make("whole") as environment:
            moments = int(run(environment, *IMPORT, "0", str(folder)).stderr.split()[-1])
            whole = check(environment)
        assert whole["articles"] == 100
        kept, states = set(), set()
        points = by_profile(quick=6, thorough=30)
        for number, moment in enumerate(sorted(Random(30).sample(range(1, moments + 1), points))):
            with newsrooms.make(f"killed{number}") as environment:
                run(environment, *IMPORT, str(moment), str(folder), returncode=-signal.SIGKILL)
                found = check(environment, folder)
                kept.add(found["articles"])
                states.update(found["states"])
                # Counts are written with their batch.
                assert found["created"] == found["articles"]
                assert found["rejected"] == 0
                assert found["digest"] == whole["digest"], moment
        # Batches have 20 documents; each was either rolled back or stored completely.
        assert kept <= {0, 20, 40, 60, 80, 100}
        assert len(kept) > 2
        assert "killed" in states <= {"killed", "finished"}


class TestAnInterruptedImport:
    @pytest.mark.parametrize(("name", "status"), [("int", 130), ("term", 143)])
    def test_finishes_the_batch_and_can_continue(
        self, folder: Path, newsrooms: Newsrooms, name: str, status: int
    ) -> None:
        with newsrooms.make("whole") as environment:
            run(environment, *IMPORT, "0", str(folder))
            whole = check(environment)
        with newsrooms.make("interrupted") as environment:
            done = run(environment, *IMPORT, name, str(folder), returncode=status)
            assert json.loads(done.stdout)["created"] == 20
            assert "run again to continue" in done.stderr
            found = check(environment, folder)
            assert (found["articles"], found["created"]) == (20, 20)
            assert found["states"] == ["interrupted"]
            assert found["digest"] == whole["digest"]

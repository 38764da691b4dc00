"""Killed at any moment a run leaves no row without its files and no file without its row."""

from __future__ import annotations

import json
import signal
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from articles.documents import DocumentImage
from tests.articles.images.samples import different
from tests.articles.images.server import Server, serving
from tests.articles.importer.processes import Environment, Newsrooms, run
from tests.articles.samples import document, put
from tests.factories import NOW

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

COUNT = 8
POINTS = 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "seeds"
    folder.mkdir()
    return folder


def put_documents(folder: Path, server: Server) -> None:
    """Write documents, each with an image of its own and one that all have."""
    shared = server.put("/shared", different(1000))
    for number in range(COUNT):
        images = (DocumentImage(server.put(f"/{number}", different(number))), DocumentImage(shared))
        one = document(
            title=f"Story {number}",
            web_url=f"https://paper.example/{number}",
            published_at=NOW - timedelta(hours=number),
            quality=80,
            heat=80,
            published=True,
            images=images,
        )
        put(folder, f"{number}.txt", one)


def kept(environment: Environment, *words: str, returncode: int = 0) -> Any:
    done = run(environment, "-m", "tests.articles.images.crashing", *words, returncode=returncode)
    return json.loads(done.stdout) if done.stdout else None


class TestAKilledRun:
    def test_leaves_nothing_dangling_and_the_next_one_completes_it(
        self, folder: Path, tmp_path: Path
    ) -> None:
        newsrooms = Newsrooms(tmp_path)
        with serving() as server:
            put_documents(folder, server)
            words = (str(server.port), str(folder))
            with newsrooms.make("whole") as environment:
                environment["MEDIA_ROOT"] = str(tmp_path / "whole")
                moments = kept(environment, "0", *words)["moments"]
                whole = kept(environment, "check", *words)
            assert whole["already"] == COUNT + 1
            assert len(whole["files"]) == 3 * (COUNT + 1)
            already = set()
            for number, moment in enumerate(sorted(Random(6).sample(range(1, moments), POINTS))):
                with newsrooms.make(f"killed{number}") as environment:
                    environment["MEDIA_ROOT"] = str(tmp_path / f"killed{number}")
                    kept(environment, str(moment), *words, returncode=-signal.SIGKILL)
                    after = kept(environment, "check", *words)
                already.add(after.pop("already"))
                assert after == {key: value for key, value in whole.items() if key != "already"}
            assert whole["wrong"] == []
            assert (whole["failed"], whole["waiting"]) == (0, 0)
            # Some were kept, and not all.
            assert len(already) > 2
        newsrooms.close()

"""Newsrooms of their own for tests that start processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.articles.importer.processes import Newsrooms


@pytest.fixture
def newsrooms(db: None, tmp_path: Path) -> Iterator[Newsrooms]:
    made = Newsrooms(tmp_path)
    yield made
    made.close()

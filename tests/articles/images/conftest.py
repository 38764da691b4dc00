"""A server of images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.articles.images.server import Server, serving


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    """A server on this machine, the only one to which requests are allowed."""
    with serving() as server:
        settings.OUTBOUND_EXEMPT = server.exempt
        yield server


@pytest.fixture
def media(tmp_path: Path, settings: Settings) -> Path:
    """An empty folder for the image files of this test."""
    folder = tmp_path / "media"
    settings.MEDIA_ROOT = str(folder)
    return folder

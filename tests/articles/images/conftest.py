"""Fixtures: an image server, and a folder for image files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.articles.images.server import Server, serving


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    """Serve images on this machine, the only host that requests may reach."""
    with serving() as server:
        settings.OUTBOUND_EXEMPT = server.exempt
        yield server


@pytest.fixture
def media(tmp_path: Path, settings: Settings) -> Path:
    """Use an empty folder for the image files of this test."""
    folder = tmp_path / "media"
    settings.MEDIA_ROOT = str(folder)
    return folder

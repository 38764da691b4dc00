"""Media files are written completely or not at all."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from newsroom.storage import WholeFileStorage


@pytest.fixture
def storage(tmp_path: Path) -> WholeFileStorage:
    return WholeFileStorage(location=tmp_path)


class TestSave:
    def test_success(self, storage: WholeFileStorage, tmp_path: Path) -> None:
        assert storage.save("a/b/c.txt", ContentFile(b"text")) == "a/b/c.txt"
        path = tmp_path / "a/b/c.txt"
        assert path.read_bytes() == b"text"
        assert stat.S_IMODE(path.stat().st_mode) == 0o644

    def test_again_replaces(self, storage: WholeFileStorage, tmp_path: Path) -> None:
        storage.save("a.txt", ContentFile(b"one"))
        assert storage.save("a.txt", ContentFile(b"two")) == "a.txt"
        assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
        assert (tmp_path / "a.txt").read_bytes() == b"two"

    def test_fail_keeps_the_existing_file(
        self, storage: WholeFileStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        storage.save("a.txt", ContentFile(b"one"))

        content = ContentFile(b"two")

        def chunks(chunk_size: int | None = None) -> Iterator[bytes]:
            yield b"tw"
            raise OSError("disk full")

        monkeypatch.setattr(content, "chunks", chunks)
        with pytest.raises(OSError, match="disk full"):
            storage.save("a.txt", content)
        assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
        assert (tmp_path / "a.txt").read_bytes() == b"one"

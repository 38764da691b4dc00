"""Limits: the exact maximum is accepted, and the next value is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from articles.documents import MAX_BYTES, MAX_QUALITY, DocumentError, parse
from articles.documents.values import MAX_LINE, MAX_SIZE, MAX_URL_BYTES
from articles.importing.files import read
from tests.articles.documents.documents import make_text

HOST = "https://x.example/"


class TestFileSize:
    def test_read_and_parsed_at_the_limit(self, tmp_path: Path) -> None:
        text = make_text()
        data = text + b"x" * (MAX_BYTES - len(text))
        (tmp_path / "a.md").write_bytes(data)
        assert read(str(tmp_path / "a.md"), "a.md")[0] == data
        assert parse("a.md", data).title

    def test_one_byte_more_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a.md").write_bytes(b"x" * (MAX_BYTES + 1))
        with pytest.raises(DocumentError, match="262,145 bytes"):
            read(str(tmp_path / "a.md"), "a.md")


@pytest.mark.parametrize(
    ("accepted", "refused"),
    [
        ({"quality": str(MAX_QUALITY)}, {"quality": str(MAX_QUALITY + 1)}),
        (
            {"quality": "50", "heat": "30000"},
            {"quality": "50", "heat": "30001"},
        ),
        ({"category": "a" * MAX_LINE}, {"category": "a" * (MAX_LINE + 1)}),
        (
            {"ampWebUrl": HOST + "a" * (MAX_URL_BYTES - len(HOST))},
            {"ampWebUrl": HOST + "a" * (MAX_URL_BYTES - len(HOST) + 1)},
        ),
        (
            {"images": f"\n  - url: {HOST}\n    height: {MAX_SIZE}"},
            {"images": f"\n  - url: {HOST}\n    height: {MAX_SIZE + 1}"},
        ),
        (
            {"updatedDateTime": "1900-01-01T00:00:00Z"},
            {"updatedDateTime": "1899-12-31T23:59:59Z"},
        ),
        (
            {"updatedDateTime": "2199-12-31T23:59:59Z"},
            {"updatedDateTime": "2200-01-01T00:00:00Z"},
        ),
    ],
)
def test_values(accepted: dict[str, str], refused: dict[str, str]) -> None:
    assert not parse("a.md", make_text(**accepted)).warnings
    assert parse("a.md", make_text(**refused)).warnings

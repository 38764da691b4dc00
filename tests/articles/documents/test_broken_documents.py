"""Each broken document is a file; each mistake is reported with file, line and column."""

from pathlib import Path

import pytest

from articles.documents import DocumentError, parse
from tests.articles.documents.documents import BROKEN

FILES = sorted(path for path in BROKEN.iterdir() if path.name != "expected.txt")


def expected_errors() -> dict[str, list[str]]:
    """Return the expected errors of each file, in order."""
    errors: dict[str, list[str]] = {}
    for line in (BROKEN / "expected.txt").read_text(encoding="utf-8").splitlines():
        errors.setdefault(line.partition(":")[0], []).append(line)
    return errors


EXPECTED = expected_errors()


class TestBrokenDocuments:
    @pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
    def test_every_error_has_its_place(self, path: Path) -> None:
        with pytest.raises(DocumentError) as caught:
            parse(path.name, path.read_bytes())

        errors = [str(error) for error in (caught.value, *caught.value.more)]
        assert errors == EXPECTED[path.name]

    def test_files_and_expectations_pair_up(self) -> None:
        assert {path.name for path in FILES} == EXPECTED.keys()

    def test_there_are_many(self) -> None:
        assert len(FILES) >= 200

    def test_the_table_is_sorted(self) -> None:
        assert list(EXPECTED) == sorted(EXPECTED)

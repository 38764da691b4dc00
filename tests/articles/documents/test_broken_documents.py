"""Each broken document is a file, and each mistake is reported with file, line and column.

The files in ``expected.txt`` are rejected. Files only in ``warnings.txt`` are read without the bad
value.
"""

from pathlib import Path

import pytest

from articles.documents import DocumentError, parse, revise
from tests.articles.documents.documents import BROKEN

FILES = sorted(
    path for path in BROKEN.iterdir() if path.name not in {"expected.txt", "warnings.txt"}
)


def expected(name: str) -> dict[str, list[str]]:
    """Return the expected errors or warnings of each file, in order."""
    errors: dict[str, list[str]] = {}
    for line in (BROKEN / name).read_text(encoding="utf-8").splitlines():
        errors.setdefault(line.partition(":")[0], []).append(line)
    return errors


ERRORS = expected("expected.txt")
WARNINGS = expected("warnings.txt")


class TestBrokenDocuments:
    @pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
    def test_every_problem_has_its_place(self, path: Path) -> None:
        errors: list[str] = []
        data = path.read_bytes()
        try:
            document = parse(path.name, data)
        except DocumentError as error:
            errors = [str(one) for one in (error, *error.more)]
            warnings = error.warnings
        else:
            warnings = document.warnings
            assert revise(data, document) == data

        assert errors == ERRORS.get(path.name, [])
        assert list(map(str, warnings)) == WARNINGS.get(path.name, [])

    def test_files_and_expectations_pair_up(self) -> None:
        assert {path.name for path in FILES} == ERRORS.keys() | WARNINGS.keys()

    def test_there_are_many(self) -> None:
        assert len(FILES) >= 200

    @pytest.mark.parametrize("table", [ERRORS, WARNINGS])
    def test_the_tables_are_sorted_like_a_listing(self, table: dict[str, list[str]]) -> None:
        assert list(table) == sorted(table)

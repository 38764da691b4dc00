"""Documents that try to crash, stall or exhaust the process are rejected like other broken ones."""

import json
import subprocess
import sys

import pytest

from articles.documents import MAX_BYTES, DocumentError, parse, too_large
from articles.documents.source import MAX_WARNINGS
from tests.articles.documents.documents import ROOT
from tests.articles.documents.hostile_input import REFUSED


@pytest.fixture(scope="module")
def messages() -> dict[str, list[str]]:
    """Read all hostile documents in a process limited to 100 MB and 20 seconds of processor time."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.articles.documents.hostile_input"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


class TestHostileInput:
    @pytest.mark.parametrize("name", REFUSED)
    def test_is_rejected_with_its_error(self, messages: dict[str, list[str]], name: str) -> None:
        assert name in messages, "was accepted"
        assert any(REFUSED[name][1] in message for message in messages[name]), messages[name]

    def test_messages_stay_short(self, messages: dict[str, list[str]]) -> None:
        assert max(len(message) for found in messages.values() for message in found) < 200

    def test_number_of_errors_is_limited(self, messages: dict[str, list[str]]) -> None:
        assert len(messages["many mistakes"]) < MAX_WARNINGS + 10


class TestTooLarge:
    def test_is_refused_before_decoding(self) -> None:
        with pytest.raises(DocumentError, match="262,145 bytes: a document has at most 262,144"):
            parse("a.md", b"\xff" * (MAX_BYTES + 1))

    def test_names_the_size_and_the_limit(self) -> None:
        # A file of 100 MB must be rejected without being read.
        error = too_large("seeds/huge.md", 100_000_000)

        assert str(error) == "seeds/huge.md:1:1: 100,000,000 bytes: a document has at most 262,144"

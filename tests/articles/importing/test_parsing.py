"""Large imports parse documents in a second process."""

import os
import signal
from contextlib import closing

import pytest

from articles.documents import DocumentError
from articles.documents.batches import Parsed, Text, parse_all
from articles.importing import parsing
from articles.importing.parsing import Parser
from articles.sample_documents import generate

TEXTS = [Text(name, name, data) for name, data in generate(40, 5)]
BAD = Text("bad.md", "bad.md", b"---\ntitle: [\n---\n")


def shown(parsed: list[Parsed]) -> list[object]:
    return [
        (str(one), [str(more) for more in one.more]) if isinstance(one, DocumentError) else one
        for one in parsed
    ]


@pytest.fixture(autouse=True)
def second_process_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "SECOND_PROCESS_AFTER", 0)


class TestParser:
    def test_results_and_errors_equal_those_of_this_process(self) -> None:
        texts = [*TEXTS, BAD]
        with closing(Parser()) as parser:
            for _ in range(2):
                parser.start(texts)
                assert parser._is_away
                assert shown(parser.finish()) == shown(parse_all(texts))

    def test_starts_no_process_for_a_small_import(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parsing, "SECOND_PROCESS_AFTER", 41)
        with closing(Parser()) as parser:
            parser.start(TEXTS)
            assert len(parser.finish()) == len(TEXTS)
            parser.start(TEXTS)
            assert parser._process is None

    def test_parses_here_after_the_process_died(self) -> None:
        with closing(Parser()) as parser:
            parser.start(TEXTS[:1])
            assert parser._process is not None
            parser.finish()
            os.kill(parser._process.popen.pid, signal.SIGKILL)
            parser._process.popen.wait()
            for _ in range(2):
                parser.start(TEXTS)
                assert shown(parser.finish()) == shown(parse_all(TEXTS))
            assert parser._process is None

    def test_parses_here_if_no_process_starts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.executable", "/nowhere/python")
        with closing(Parser()) as parser:
            parser.start(TEXTS)
            assert len(parser.finish()) == len(TEXTS)

    def test_leaves_no_process_behind(self) -> None:
        with closing(Parser()) as parser:
            parser.start(TEXTS)
            process = parser._process
        assert process is not None
        assert process.popen.poll() is not None

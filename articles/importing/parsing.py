"""Parsing the documents of a large import beside the process that stores them.

Parsing takes about as long as storing. From SECOND_PROCESS_AFTER documents on, a second process
parses one batch while this one stores the batch before. It needs no database and no Django, and
ends when its input does, that is with this process, however that ends. Where it cannot be started
or breaks down, this process parses, too.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from articles.documents.batches import Parsed, Text, parse_all

SECOND_PROCESS_AFTER: Final = 1_000
"""Documents to parse before a second process is worth its start, a tenth of a second."""

_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from articles.documents.batches import serve; serve()"
)
_ROOT: Final = Path(__file__).resolve().parent.parent.parent


class Parser:
    """Parses one batch at a time: ``start`` it, do something else, then ``finish`` it."""

    def __init__(self) -> None:
        self._texts: Sequence[Text] = ()
        self._parsed = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._is_away = False  # whether the batch is with the second process
        self._has_failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def start(self, texts: Sequence[Text]) -> None:
        """Begin to parse a batch."""
        self._texts = texts
        self._is_away = False
        if not texts or self._parsed < SECOND_PROCESS_AFTER or self._has_failed:
            return
        try:
            if self._process is None:
                self._process = _second_process()
            assert self._process.stdin is not None  # noqa: S101 - a pipe, as asked for
            pickle.dump(texts, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
            self._is_away = True
        except OSError:
            self._give_up()

    def finish(self) -> list[Parsed]:
        """Return the batch's documents, in their order."""
        self._parsed += len(self._texts)
        if self._is_away and self._process is not None:
            try:
                assert self._process.stdout is not None  # noqa: S101 - a pipe, as asked for
                parsed: list[Parsed] = pickle.load(self._process.stdout)  # noqa: S301 - our own
                return parsed
            except (EOFError, OSError, pickle.UnpicklingError):
                self._give_up()
        return parse_all(self._texts)

    def _give_up(self) -> None:
        self._has_failed = True
        self._is_away = False
        self._stop()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            # Closes the pipes and waits.
            self._process.communicate()
            self._process = None


def _second_process() -> subprocess.Popen[bytes]:
    # A session of its own, so that Ctrl-C ends it only after the batch at hand.
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(_ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )

"""Parse the documents of a large import in a second process while the first one stores them.

Parsing takes about as long as storing. From SECOND_PROCESS_AFTER documents on, a second process
parses the next batch while this process stores the current one. If the second process cannot be
started or fails, this process also parses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from articles.documents.batches import Parsed, Text, parse_all, parse_for_sending, received
from newsroom.subprocesses import BROKEN_PIPE, FunctionProcess

SECOND_PROCESS_AFTER: Final = 1_000
"""The number of documents for which starting a second process (0.1 seconds) pays off."""


class Parser:
    """Parses one batch at a time: ``start`` it, do something else, then ``finish`` it."""

    def __init__(self) -> None:
        self._texts: Sequence[Text] = ()
        self._parsed = 0
        self._process: FunctionProcess | None = None
        self._is_away = False  # whether the batch is with the second process
        self._has_failed = False

    def start(self, texts: Sequence[Text]) -> None:
        self._texts = texts
        self._is_away = False
        if not texts or self._parsed < SECOND_PROCESS_AFTER or self._has_failed:
            return
        try:
            if self._process is None:
                self._process = FunctionProcess(
                    parse_for_sending.__module__, parse_for_sending.__name__
                )
            self._process.send(texts)
            self._is_away = True
        except OSError:
            self._give_up()

    def finish(self) -> list[Parsed]:
        """Return the batch's documents, in their order."""
        self._parsed += len(self._texts)
        if self._is_away and self._process is not None:
            try:
                return list(received(self._process.receive()))
            except BROKEN_PIPE:
                self._give_up()
        return parse_all(self._texts)

    def _give_up(self) -> None:
        self._has_failed = True
        self._is_away = False
        self.close()

    def close(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

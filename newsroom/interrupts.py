"""Signals that ask a process to stop after its current work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Final

INTERRUPTED: Final = 130
"""Exit status of a command that SIGINT ended: 128 + 2, as shells report it."""


@contextmanager
def stop_on_signal(*signals: signal.Signals, is_patient: bool = False) -> Iterator[threading.Event]:
    """Yield an event that is set by the first of ``signals``, by default SIGINT.

    The next signal raises KeyboardInterrupt, or does nothing with ``is_patient``. Python delivers
    signals to the main thread only; in other threads the event is never set.
    """
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if stopping.is_set() and not is_patient:
            raise KeyboardInterrupt
        stopping.set()

    with ExitStack() as restored:
        if threading.current_thread() is threading.main_thread():
            for number in signals or (signal.SIGINT,):
                restored.callback(signal.signal, number, signal.signal(number, stop))
        yield stopping

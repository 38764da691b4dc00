"""Signals that ask a process to stop after its current work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Final

ASK_TO_STOP: Final = (signal.SIGINT, signal.SIGTERM)


class Stop(threading.Event):
    """An event that a signal sets. ``status`` is the exit status for that signal, or 0."""

    status = 0


def exit_status(number: int) -> int:
    """Return the exit status of a command that a signal ended, as shells report it: 130, 143."""
    return 128 + number


@contextmanager
def stop_on_signal(*signals: signal.Signals, is_patient: bool = False) -> Iterator[Stop]:
    """Yield an event that is set by the first of ``signals``, by default SIGINT and SIGTERM.

    The next signal ends the process at once, or does nothing with ``is_patient``. Python delivers
    signals to the main thread only; in other threads the event is never set.
    """
    stopping = Stop()

    def stop(number: int, frame: FrameType | None) -> None:
        if not stopping.is_set():
            stopping.status = exit_status(number)
            stopping.set()
        elif not is_patient:
            end_now(number, frame)

    with ExitStack() as restored:
        if threading.current_thread() is threading.main_thread():
            for number in signals or ASK_TO_STOP:
                restored.callback(signal.signal, number, signal.signal(number, stop))
        yield stopping


def end_now(number: int, _frame: FrameType | None) -> None:
    """Handle a signal: unwind, so that transactions roll back and other processes end."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(exit_status(number))

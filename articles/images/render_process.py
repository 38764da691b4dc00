"""Rendering images in separate processes, because a bad file may crash one.

Pillow limits the number of pixels, but not the time and memory of its decoders. The operating
system can limit those for a process, and a crash loses only one image. The processes need neither
Django nor a database.
"""

from __future__ import annotations

import resource
import signal
import threading
from queue import LifoQueue
from time import monotonic
from typing import Final, Self

from articles.images.renditions import RefusedImageError, Rendered, render
from newsroom.subprocesses import BROKEN_PIPE, FunctionProcess

MEMORY: Final = 260 * 1024 * 1024
"""Bytes of data that a process may use. With its libraries it stays below 300 MB."""
DECODE_SECONDS: Final = 2.0
"""CPU seconds to decode a file."""
ENCODE_SECONDS: Final = 20.0
"""CPU seconds for all renditions, whose cost depends on pixels alone."""
PATIENCE: Final = 120.0
"""Seconds of wall-clock time. This is generous because the machine may be busy."""

FUNCTION = (__name__, "answer")
"""Module and name of the function that the process runs."""


def answer(data: bytes) -> Rendered | RefusedImageError:
    """Render an image within the limits. Runs in a process of ``Workshop``."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    # Write no core dumps.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.setitimer(signal.ITIMER_PROF, DECODE_SECONDS)
    try:
        return render(data, lambda: signal.setitimer(signal.ITIMER_PROF, ENCODE_SECONDS))
    except RefusedImageError as error:
        return error
    except MemoryError:
        return RefusedImageError(f"It takes more than {MEMORY // 1024 // 1024} MB to read.")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


class Workshop:
    """A pool of processes, each rendering one image at a time. Threads may share it."""

    def __init__(self, processes: int) -> None:
        self._benches: LifoQueue[_Bench] = LifoQueue()
        self._all = [_Bench() for _ in range(processes)]
        for bench in self._all:
            self._benches.put(bench)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for bench in self._all:
            bench.end()

    def render(self, data: bytes) -> Rendered:
        """Wait for a free process and render an image. Raise RefusedImageError for any failure."""
        bench = self._benches.get()
        try:
            return bench.render(data)
        finally:
            self._benches.put(bench)


class _Bench:
    """One process, started when needed and restarted after it has ended."""

    def __init__(self) -> None:
        self._process: FunctionProcess | None = None

    def render(self, data: bytes) -> Rendered:
        if self._process is None:
            self._process = FunctionProcess(*FUNCTION, is_quiet=True)
        process = self._process
        # A read from a pipe has no timeout; killing the process ends it.
        late = monotonic() + PATIENCE
        alarm = threading.Timer(PATIENCE, process.popen.kill)
        alarm.start()
        try:
            answer = _ask(process, data)
        except BROKEN_PIPE:
            raise RefusedImageError(
                _why_ended(self.end(patience=1.0), monotonic() >= late)
            ) from None
        except BaseException:
            self.end(patience=1.0)
            raise
        finally:
            alarm.cancel()
        if isinstance(answer, RefusedImageError):
            raise answer
        return answer

    def end(self, patience: float = 0.0) -> int:
        """End the process. A crashed one may need a moment until its own exit status is known."""
        process, self._process = self._process, None
        return process.end(patience) if process else 0


def _ask(process: FunctionProcess, data: bytes) -> Rendered | RefusedImageError:
    process.send(data)
    answer: Rendered | RefusedImageError = process.receive()
    return answer


def _why_ended(returncode: int, is_late: bool) -> str:
    if returncode == -signal.SIGPROF:
        return "It takes too much time to read."
    # The system also kills processes when memory runs out, hence ``is_late``.
    if returncode == -signal.SIGKILL and is_late:
        return f"It was not ready after {PATIENCE:g} seconds."
    name = signal.Signals(-returncode).name if returncode < 0 else f"exit {returncode}"
    return f"It crashes the program that reads it ({name})."

"""Rendering images in separate processes, which a bad file may crash.

Pillow limits the pixels of an image, not the time and memory of its decoders. The system limits a
process, and a crash loses one image only. The process needs no database and no Django. It ends with
its input, so when its parent ends in any way.
"""

from __future__ import annotations

import pickle
import resource
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from queue import LifoQueue
from time import monotonic
from types import TracebackType
from typing import Final, Self

from articles.images.renditions import RefusedImageError, Rendered, render

MEMORY: Final = 260 * 1024 * 1024
"""Bytes of data of a process; with the libraries it stays below 300 MB."""
DECODE_SECONDS: Final = 2.0
"""CPU seconds to decode a file."""
ENCODE_SECONDS: Final = 20.0
"""CPU seconds for all renditions, whose cost depends on pixels alone."""
PATIENCE: Final = 120.0
"""Seconds of wall clock, because the machine may be busy."""

_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from articles.images.render_process import serve; serve()"
)
_ROOT: Final = Path(__file__).resolve().parent.parent.parent


def serve() -> None:
    """Answer images with renditions until the input ends. Runs in a process of ``Workshop``."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    # Write no core dumps.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            data = pickle.load(source)  # noqa: S301 - our own
        except EOFError:
            return
        try:
            signal.setitimer(signal.ITIMER_PROF, DECODE_SECONDS)
            answer: Rendered | RefusedImageError = render(data, _decoded)
        except RefusedImageError as error:
            answer = error
        except MemoryError:
            answer = RefusedImageError(_too_much_memory())
        signal.setitimer(signal.ITIMER_PROF, 0)
        pickle.dump(answer, target, pickle.HIGHEST_PROTOCOL)
        target.flush()
        # Free the memory: an error keeps its whole stack alive, and the next image may need it.
        del data, answer


def _decoded() -> None:
    signal.setitimer(signal.ITIMER_PROF, ENCODE_SECONDS)


def _too_much_memory() -> str:
    return f"It takes more than {MEMORY // 1024 // 1024} MB to read."


class Workshop:
    """A pool of processes that render one image each at a time. Threads may share it."""

    def __init__(self, processes: int) -> None:
        self._benches: LifoQueue[_Bench] = LifoQueue()
        self._all = [_Bench() for _ in range(processes)]
        for bench in self._all:
            self._benches.put(bench)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for bench in self._all:
            bench.close()

    def render(self, data: bytes) -> Rendered:
        """Render an image when a process is free. Raise RefusedImageError for any failure."""
        bench = self._benches.get()
        try:
            return bench.render(data)
        finally:
            self._benches.put(bench)


class _Bench:
    """One process, started when needed and again after it ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def render(self, data: bytes) -> Rendered:
        if self._process is None:
            self._process = _start()
        process = self._process
        # A read from a pipe has no timeout; killing the process ends it.
        late = monotonic() + PATIENCE
        alarm = threading.Timer(PATIENCE, process.kill)
        alarm.start()
        try:
            answer = _ask(process, data)
        except (OSError, EOFError, pickle.UnpicklingError):
            raise RefusedImageError(_why_ended(self._end(), monotonic() >= late)) from None
        except BaseException:
            self._end()
            raise
        finally:
            alarm.cancel()
        if isinstance(answer, RefusedImageError):
            raise answer
        return answer

    def _end(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        # A crashed process may need a moment to end with its own status.
        try:
            returncode = process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            returncode = process.wait()
        for pipe in (process.stdin, process.stdout):
            # Unsent data cannot be flushed any more.
            with suppress(OSError):
                if pipe:
                    pipe.close()
        return returncode

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
        self._end()


def _start() -> subprocess.Popen[bytes]:
    # In a new session, so that Ctrl-C does not interrupt the images it works on.
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(_ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _ask(process: subprocess.Popen[bytes], data: bytes) -> Rendered | RefusedImageError:
    assert process.stdin is not None  # noqa: S101 - a pipe, as asked for
    assert process.stdout is not None  # noqa: S101 - a pipe, as asked for
    pickle.dump(data, process.stdin, pickle.HIGHEST_PROTOCOL)
    process.stdin.flush()
    answer: Rendered | RefusedImageError = pickle.load(process.stdout)  # noqa: S301 - our own
    return answer


def _why_ended(returncode: int, is_late: bool) -> str:
    if returncode == -signal.SIGPROF:
        return "It takes too much time to read."
    # The system may kill it, too, when memory runs out.
    if returncode == -signal.SIGKILL and is_late:
        return f"It was not ready after {PATIENCE:g} seconds."
    name = signal.Signals(-returncode).name if returncode < 0 else f"exit {returncode}"
    return f"It crashes the program that reads it ({name})."

"""Images made into renditions in processes of their own, which a bad file may break.

Pillow bounds the pixels of an image, not the time and memory that its decoders take: a process has
limits that the system keeps, and when it ends only its one image is lost. It needs no database and
no Django, and ends when its input does, that is with the process that started it, however that ends.
"""

from __future__ import annotations

import pickle
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import LifoQueue
from time import monotonic
from types import TracebackType
from typing import Final, Self

from articles.images.renditions import RefusedImageError, Rendered, render

MEMORY: Final = 260 * 1024 * 1024
"""Bytes of a process that are its own; with the libraries it is below 300 MB."""
DECODE_SECONDS: Final = 2.0
"""Of the processor, until a file has been read."""
ENCODE_SECONDS: Final = 20.0
"""Of the processor, for all renditions: these take their time by pixels, not by what a file holds."""
PATIENCE: Final = 120.0
"""Seconds by the clock, on a machine that has other things to do."""

_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from articles.images.render_process import serve; serve()"
)
_ROOT: Final = Path(__file__).resolve().parent.parent.parent


def serve() -> None:
    """Answer images with renditions until the input ends: what a process of the workshop runs."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    # What goes too far is said on the pipe, and no core is worth keeping.
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
        # An error holds all that was at hand, and the next image may need all the memory there is.
        del data, answer


def _decoded() -> None:
    signal.setitimer(signal.ITIMER_PROF, ENCODE_SECONDS)


def _too_much_memory() -> str:
    return f"It takes more than {MEMORY // 1024 // 1024} MB to read."


class Workshop:
    """A few processes that render; each takes one image at a time. To be used by many threads."""

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
        """Render an image when its turn comes. Raises RefusedImageError, for any failure."""
        bench = self._benches.get()
        try:
            return bench.render(data)
        finally:
            self._benches.put(bench)


class _Bench:
    """One process, started when it is needed and again when it has ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def render(self, data: bytes) -> Rendered:
        if self._process is None:
            self._process = _start()
        process = self._process
        # A pipe can be waited for by a thread alone; the process's end is the pipe's.
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
        # What has just broken off may still be about to end by itself, and say of what.
        try:
            returncode = process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            returncode = process.wait()
        for pipe in (process.stdin, process.stdout):
            _quietly(pipe.close if pipe else lambda: None)
        return returncode

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
        self._end()


def _start() -> subprocess.Popen[bytes]:
    # A session of its own, so that Ctrl-C ends it only after the images at hand.
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


def _quietly(close: Callable[[], object]) -> None:
    try:
        close()
    except OSError:
        # What was not sent cannot be sent any more.
        pass


def _why_ended(returncode: int, is_late: bool) -> str:
    if returncode == -signal.SIGPROF:
        return "It takes too much time to read."
    # The system kills, too, when it has no memory left.
    if returncode == -signal.SIGKILL and is_late:
        return f"It was not ready after {PATIENCE:g} seconds."
    return f"It breaks what is to read it ({_named(returncode)})."


def _named(returncode: int) -> str:
    return signal.Signals(-returncode).name if returncode < 0 else f"exit {returncode}"

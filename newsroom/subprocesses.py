"""Run a function in another Python process: requests and answers are pickled and sent over pipes.

The process needs no Django unless the function does. It ends when its input ends, and therefore
with the process that started it.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

BROKEN_PIPE: Final = (EOFError, OSError, pickle.UnpicklingError)
"""What ``FunctionProcess`` raises when the process has ended."""

_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from importlib import import_module; from newsroom.subprocesses import serve; "
    "serve(getattr(import_module(sys.argv[2]), sys.argv[3]))"
)
_ROOT: Final = Path(__file__).resolve().parent.parent


class FunctionProcess:
    """A process that calls one function of a module for every request, one at a time."""

    def __init__(self, module: str, function: str, *, is_quiet: bool = False) -> None:
        """Start the process; ``is_quiet`` discards what it writes to standard error.

        Raise OSError if the process cannot be started.
        """
        # A separate session keeps Ctrl-C away from it, so that it finishes its current work.
        self.popen = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(_ROOT), module, function],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if is_quiet else None,
            start_new_session=True,
        )

    def send(self, request: Any) -> None:
        """Send a request. Raises one of BROKEN_PIPE."""
        assert self.popen.stdin is not None  # noqa: S101 - opened as a pipe
        pickle.dump(request, self.popen.stdin, pickle.HIGHEST_PROTOCOL)
        self.popen.stdin.flush()

    def receive(self) -> Any:
        """Wait for the answer. Raises one of BROKEN_PIPE."""
        assert self.popen.stdout is not None  # noqa: S101 - opened as a pipe
        return pickle.load(self.popen.stdout)  # noqa: S301 - from our own process

    def end(self, patience: float = 0.0) -> int:
        """End the process, killing it unless it ends within ``patience`` seconds.

        Return its exit status, or the negative number of the signal that ended it.
        """
        try:
            status = self.popen.wait(patience)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            status = self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            # The rest of a request can no longer be sent.
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()
        return status


def serve(function: Callable[[Any], Any]) -> None:
    """Answer requests from standard input on standard output until the input ends."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            request = pickle.load(source)  # noqa: S301 - from the process that started this one
        except EOFError:
            return
        # Pickle the whole answer first: a pipe holds 64 KB, and the processes would wait for each
        # other.
        target.write(pickle.dumps(function(request), pickle.HIGHEST_PROTOCOL))
        target.flush()
        # The next request may need the memory.
        del request

"""Name a process, and find out whether it is still running."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    """A process of a host. ``begun`` distinguishes it from a later one with the same id.

    It is in clock ticks since the host started, or 0 if the system does not provide it.
    """

    host: str
    pid: int
    begun: int

    @property
    def is_here(self) -> bool:
        """Return whether the process belongs to this host."""
        return self.host == socket.gethostname()

    def is_running(self) -> bool:
        """Return whether the process is running; it must be one of this host."""
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except PermissionError:
            # It belongs to another user.
            pass
        state, begun = _looked_up(self.pid)
        # A zombie has ended, but its parent has not read its exit status yet.
        return state != "Z" and (not self.begun or begun == self.begun)


def this_process() -> Process:
    return Process(socket.gethostname(), os.getpid(), _looked_up(os.getpid())[1])


def _looked_up(pid: int) -> tuple[str, int]:
    """Return the state of a process and when it began; ``("", 0)`` where there is no /proc."""
    with suppress(OSError, ValueError, IndexError):
        # See proc(5): the second field is the name in parentheses, which may contain anything.
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        state, *rest = stat.rpartition(")")[2].split()
        return state, int(rest[18])
    return "", 0

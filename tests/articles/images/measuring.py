"""The memory of a process that renders, as the system counts it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from articles.images import render_process
from articles.images.render_process import Workshop
from articles.images.renditions import RefusedImageError, Rendered
from newsroom.subprocesses import FunctionProcess


def peak(process: int) -> int:
    """Return the most bytes of memory that a process had since ``forget_peak``; 0 where not known."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def forget_peak(process: int) -> None:
    """Reset a process's peak memory to its current memory."""
    Path(f"/proc/{process}/clear_refs").write_text("5")


def processor_seconds(process: int) -> float:
    """Return what a process has taken of the processor since it began."""
    # What follows the name, which may hold spaces, in parentheses.
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def processes(shop: Workshop) -> list[int]:
    """Return the processes of a workshop that are at work or wait for it."""
    return [bench._process.popen.pid for bench in shop._all if bench._process]


@contextmanager
def peaks() -> Iterator[list[int]]:
    """Note the peak of a process after each image, of any workshop; 0 where the image ended it."""
    found: list[int] = []
    ask = render_process._ask

    def noting(process: FunctionProcess, data: bytes) -> Rendered | RefusedImageError:
        try:
            return ask(process, data)
        finally:
            found.append(peak(process.popen.pid))

    render_process._ask = noting
    try:
        yield found
    finally:
        render_process._ask = ask

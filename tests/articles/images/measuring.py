"""Measure the memory of a render process, as the system reports it."""

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
    """Return a process's peak memory in bytes since ``forget_peak``, or 0 if unknown."""
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
    """Return the processor time that a process has used."""
    # The fields after the name, which is in parentheses and may contain spaces.
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def processes(shop: Workshop) -> list[int]:
    """Return the processes of a workshop, both working and idle."""
    return [bench._process.popen.pid for bench in shop._all if bench._process]


@contextmanager
def peaks() -> Iterator[list[int]]:
    """Record the process's peak memory after each image; 0 if the image killed the process."""
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

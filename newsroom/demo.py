"""Run ``make demo``: prepare a newsroom with sample documents, serve it, stop all of it.

This starts before anything is installed, so it uses the standard library only. Every step runs in
its own process group, so that everything it has started can be ended with it.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Final

GRACE: Final = 35.0
"""Seconds that processes have to stop: the worker finishes a request that it has sent."""
PAUSE: Final = 0.2
"""Seconds between two checks of the processes."""


class Demo:
    """The processes of one demo, and the signals that asked it to stop."""

    def __init__(self) -> None:
        self.signals: list[int] = []
        self.groups: list[subprocess.Popen[bytes]] = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup makes the demo outlive its terminal.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda received, _: self.signals.append(received))

    def start(self, *command: str, stdout: int | None = None) -> subprocess.Popen[bytes]:
        started = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stdout, process_group=0
        )
        self.groups.append(started)
        return started

    def is_running(self, process: subprocess.Popen[bytes]) -> bool:
        """Return whether to go on waiting: False after a signal, or when the process has ended."""
        time.sleep(PAUSE)
        return not self.signals and process.poll() is None

    def stop(self) -> None:
        """End every process, and kill those that outlast ``GRACE`` or a second signal."""
        received = len(self.signals)
        self._send(signal.SIGTERM)
        until = time.monotonic() + GRACE
        while self._send(0) and time.monotonic() < until and len(self.signals) == received:
            time.sleep(PAUSE)
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> bool:
        """Signal all groups, and return whether any of them still has a process."""
        found = False
        for leader in self.groups:
            leader.poll()
            try:
                os.killpg(leader.pid, number)
                found = True
            except ProcessLookupError:
                pass
        return found


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def run(demo: Demo, make: str, python: str, port: int) -> int:
    """Prepare and serve until a signal arrives or the server ends; return the exit status."""
    ready = demo.start(make, "--no-print-directory", "demo-ready")
    while demo.is_running(ready):
        pass
    if demo.signals or ready.returncode:
        return ready.returncode or 0
    manage = (python, "manage.py")
    server = demo.start(*manage, "runserver", "--noreload", f"127.0.0.1:{port}")
    # Uploads do not have to wait for the pictures, which take a few minutes.
    demo.start(*manage, "work", "--workers", "1", "--queues", "urgent", "imports")
    # Other workers would look for pictures that only this command can draw.
    pictures = demo.start(*manage, "draw_demo_pictures", stdout=subprocess.DEVNULL)
    is_working = False
    while demo.is_running(server):
        if not is_working and pictures.poll() is not None:
            demo.start(*manage, "work", "--workers", "2")
            is_working = True
    return server.returncode or 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Run by make demo.")
    parser.add_argument("--make", default="make")
    parser.add_argument("--python", default=".venv/bin/python")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    if not is_free(options.port):
        message = f"Port {options.port} is in use. Choose another: make demo PORT=8001"
        print(message, file=sys.stderr)  # noqa: T201
        return 1
    demo = Demo()
    try:
        status = run(demo, options.make, options.python, options.port)
    finally:
        demo.stop()
    return 128 + demo.signals[0] if demo.signals else status


if __name__ == "__main__":
    sys.exit(main())

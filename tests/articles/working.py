"""Workers in separate processes, and the database and folder that they share with a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from tests.articles.importing.processes import Environment, run
from tests.articles.samples import ROOT

PATIENCE: Final = 60.0
"""Seconds that ``until`` waits; usually two are enough."""

_SCRIPT: Final = """
import json, sys
import django
django.setup()
from datetime import timedelta
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from articles import newsdesk
from articles.models import *
from articles.tasks import *
from articles.tracking import change_feed
from articles.units import enqueue, waiting
"""


def do(environment: Environment, code: str) -> Any:
    """Run code in another newsroom with all models imported; return ``found``, if it is set."""
    script = f"{_SCRIPT}\nfound = None\n{code}\nsys.stdout.write(json.dumps(found))"
    return json.loads(run(environment, "-c", script).stdout)


def see(environment: Environment, expression: str) -> Any:
    """Return the value of an expression in another newsroom."""
    return do(environment, f"found = {expression}")


def until_seen(environment: Environment, expression: str, expected: Any) -> None:
    """Wait until an expression in another newsroom has a value."""
    code = f"""
from time import monotonic, sleep
end = monotonic() + {PATIENCE}
while (found := {expression}) != {expected!r} and monotonic() < end:
    sleep(0.05)
"""
    assert do(environment, code) == expected


def until(is_so: Callable[[], Any]) -> Any:
    """Wait until ``is_so()`` is true and return its value."""
    end = monotonic() + PATIENCE
    while not (found := is_so()):
        assert monotonic() < end, "it did not happen"
        sleep(0.05)
    return found


@contextmanager
def worker(environment: Environment, log: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``manage.py work`` during the block, then stop it as Ctrl-C would."""
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "work", *words],
            cwd=ROOT,
            env=environment | {"DJANGO_SETTINGS_MODULE": "tests.articles.worker_settings"},
            stdout=file,
            stderr=file,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)


def children(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the ids of a worker's child processes (Linux only)."""
    task = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in task.read_text().split()] if task.exists() else []


def is_alive(pid: int) -> bool:
    """Return whether a process exists and is not a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"

"""Import documents alone, then through the queue with several workers; compare time, rows and reports.

    python bench/queued_import.py [--count 2000] [--workers 3] [--database postgres] [--kill SEED]

Each import has its own fresh database. With ``--kill`` workers are killed (SIGKILL) at random moments
while they import; the seed chooses the moments and the workers. Exit status 1 if any row differs.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from time import perf_counter, sleep
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.import_export import ROOT, fresh_databases, manage

DIGEST = """
import django, sys
django.setup()
from hashlib import sha256
from tests.digest import rows
found = rows()
print(sum(map(len, found.values())), sha256(repr(found).encode()).hexdigest())
"""


def environment_of(database: str) -> dict[str, str]:
    return {
        **os.environ,
        "ENV_FILE": "",
        "DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": "newsroom.settings",
    }


def imported(database: str, *arguments: str) -> tuple[float, dict[str, Any]]:
    """Import, and return the seconds and the report."""
    command = [sys.executable, "manage.py", "import_seeds", "--format=json", *arguments]
    started = perf_counter()
    environment = environment_of(database)
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    seconds = perf_counter() - started
    report: dict[str, Any] = json.loads(done.stdout)
    report["seconds"] = report["run"] = None
    return seconds, report


def digest(database: str) -> tuple[str, str]:
    """Return how many rows there are, and their digest: no column but ids and times is left out."""
    command = [sys.executable, "-c", DIGEST]
    environment = environment_of(database)
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    count, found = done.stdout.decode().split()
    return count, found


@contextmanager
def working(database: str, workers: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the workers, and wait until they are there."""
    command = [sys.executable, "manage.py", "work", f"--workers={workers}", "--queues=imports"]
    with log.open("wb") as output:
        environment = environment_of(database)
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=output, stdout=output)
    try:
        while len(children(process)) < workers:
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            sleep(0.05)
        # They need some time to import Django.
        sleep(5)
        yield process
    finally:
        process.terminate()
        process.wait(60)


def children(process: subprocess.Popen[bytes]) -> list[int]:
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(pid) for pid in found.split()]


def kill_some(
    process: subprocess.Popen[bytes], seed: int, is_over: threading.Event, killed: list[int]
) -> None:
    """Kill workers at random, the next one once the last one was replaced."""
    random = Random(seed)
    workers = len(children(process))
    while not is_over.wait(random.uniform(1, 8)):
        pids = children(process)
        if len(pids) == workers:
            killed.append(random.choice(pids))
            os.kill(killed[-1], signal.SIGKILL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="postgres")
    parser.add_argument("--batch-size", type=int, default=1_000)
    parser.add_argument("--kill", type=int, metavar="SEED")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="newsroom-bench-") as name:
        folder = Path(name)
        documents = str(folder / "documents")
        size = f"--batch-size={options.batch_size}"
        manage("generate_seeds", documents, f"--count={options.count}", "--seed=1")
        with fresh_databases(options.database, folder) as databases:
            for database in databases:
                manage("migrate", "--verbosity=0", database=database)
            first, second = databases
            seconds, alone = imported(first, documents, size)
            tell("alone", options.count, seconds)
            killed: list[int] = []
            with working(second, options.workers, folder / "log") as process:
                is_over = threading.Event()
                killer = threading.Thread(
                    target=kill_some, args=(process, options.kill, is_over, killed)
                )
                if options.kill is not None:
                    killer.start()
                started = perf_counter()
                manage("import_seeds", "--queue", documents, size, database=second)
                submitted = perf_counter() - started
                try:
                    queued = waited_for(second)
                    seconds = perf_counter() - started
                finally:
                    is_over.set()
            tell(f"{options.workers} workers, {len(killed)} killed", options.count, seconds)
            print(f"of these, {submitted:.1f} s to put them into the queue")
            (rows, one), (_, other) = digest(first), digest(second)
            print(f"rows: {rows}; equal: {one == other}; reports equal: {alone == queued}")
            return 0 if one == other and alone == queued else 1


def waited_for(database: str) -> dict[str, Any]:
    """Wait until the only import has ended; return its report."""
    code = """
import django, json, time
django.setup()
from articles.importing import Report, uploads
from articles.models import Upload
upload = Upload.objects.select_related("run").get()
while uploads.is_pending(upload):
    time.sleep(0.1)
upload.refresh_from_db()
print(json.dumps(Report.of_run(upload.run, upload.policy).as_json() | {"seconds": None, "run": None}))
"""
    environment = environment_of(database)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def tell(what: str, count: int, seconds: float) -> None:
    print(f"{what}: {seconds:.1f} s, {count / seconds:,.0f} documents/s", flush=True)


if __name__ == "__main__":
    sys.exit(main())

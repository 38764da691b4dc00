"""Run the parts of the tests side by side: SQLite, browser and PostgreSQL.

The output of each part is shown in one piece. The end lists the parts, how long each took, and
pytest's summary of each.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, NoReturn

from tests.postgres_answers import why_not

SQLITE: Final = "sqlite://:memory:"
PARTS: Final = ("SQLite", "browser", "PostgreSQL")
_SUMMARY: Final = re.compile(r"^(?:=+ )?(\w.* in \d+\.\d+s(?: \(.*\))?)(?: =+)?$", re.MULTILINE)
_PAUSE: Final = 0.2  # seconds


@dataclass
class Part:
    """One run of pytest: its command and output."""

    name: str
    command: list[str]
    database: str
    output: Path
    process: subprocess.Popen[bytes] | None = None
    seconds: float = 0

    def start(self) -> None:
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                self.command,
                env=_environment() | {"DATABASE_URL": self.database},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @property
    def summary(self) -> str:
        """Return the last line of pytest's summary."""
        found = _SUMMARY.findall(self.output.read_text(errors="replace"))
        return found[-1] if found else "pytest did not finish"


def _environment() -> dict[str, str]:
    """Return our environment, in which Python keeps compiled modules.

    Hundreds of processes read the same modules. Compiling all tests takes eight seconds.
    """
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def commands(jobs: int, flags: Sequence[str]) -> dict[str, tuple[str, list[str]]]:
    """Return the marker expression and pytest's options of each part."""
    # worksteal: a process that has finished its tests takes over tests of the others.
    shared = ["--dist", "worksteal", *flags]
    # Importing the tests of the browser takes a second.
    rest = ["--numprocesses", str(jobs), *shared, "--ignore=tests/browser"]
    return {
        "SQLite": ("not browser", ["--cov", *rest]),
        # A browser already consists of several processes.
        "browser": ("browser", ["--numprocesses", str(jobs // 2), *shared, "tests/browser"]),
        "PostgreSQL": ("not browser", rest),
    }


def show(parts: Sequence[Part]) -> None:
    """Print the output as it arrives, one part after the other."""
    started = time.monotonic()
    files: list[IO[bytes]] = [part.output.open("rb") for part in parts]
    for part, file in zip(parts, files, strict=True):
        print(f"\nTests: {part.name}", flush=True)  # noqa: T201
        while True:
            for other in parts:
                if not other.seconds and other.process and other.process.poll() is not None:
                    other.seconds = time.monotonic() - started
            sys.stdout.buffer.write(file.read())
            sys.stdout.flush()
            if part.seconds:
                break
            time.sleep(_PAUSE)
        sys.stdout.buffer.write(file.read())
        sys.stdout.flush()
        file.close()


def run(parts: Sequence[Part]) -> bool:
    """Run the parts at the same time, and return whether all passed."""
    try:
        for part in parts:
            part.start()
        show(parts)
    finally:
        for part in parts:
            if part.process and part.process.poll() is None:
                part.process.terminate()
        for part in parts:
            if part.process:
                part.process.wait()
    return all(part.process and part.process.returncode == 0 for part in parts)


def _end(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, help="this part only")
    parser.add_argument("--jobs", default="auto", help="processes of a part; auto is one a core")
    parser.add_argument("--postgres", default="", metavar="URL")
    parser.add_argument("--flags", default="", help="further options for pytest, in one word")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    jobs = (os.cpu_count() or 1) if options.jobs == "auto" else int(options.jobs)
    chosen = [options.part] if options.part else list(PARTS)
    passed, missing = True, ""
    if "PostgreSQL" in chosen and (reason := why_not(options.postgres)):
        missing = (
            f"PostgreSQL: skipped, {reason}\n"
            "Set TEST_POSTGRES_URL to a server on which databases may be created."
        )
        chosen.remove("PostgreSQL")
        passed = os.environ.get("NEWSROOM_FORBID_SKIPS") != "1"
    with tempfile.TemporaryDirectory() as folder:
        parts = []
        for name, (marker, flags) in commands(jobs, shlex.split(options.flags)).items():
            if name in chosen:
                command = [sys.executable, "-m", "pytest", "-m", marker, *flags]
                database = options.postgres if name == "PostgreSQL" else SQLITE
                parts.append(Part(name, command, database, Path(folder) / name))
        passed = run(parts) and passed
        lines = [
            f"{part.name}, {part.seconds // 60:.0f} min {part.seconds % 60:.0f} s: {part.summary}"
            for part in parts
        ]
    print("", *lines, *filter(None, [missing]), sep="\n", flush=True)  # noqa: T201
    return 0 if passed else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

"""Run the steps of deploy/Dockerfile without a container engine: ``python -m bench.dockerfile``.

Runs COPY, RUN, HEALTHCHECK and CMD in their order in an empty folder, started as root as the user
``nobody``. The folder stands for the root of the image. Left out: the base image, and adding a user
and giving files to it. Between RUN and CMD it migrates, as deploy/compose.yaml does, and runs the
worker for a moment.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.own_servers import IS_ROOT, ROOT, free_port

FILE = ROOT / "deploy/Dockerfile"
AS_ROOT = re.compile(r"^useradd .*|&& chown .*")
RUNNING, PATIENCE = 10, 300
"""Seconds that the worker runs, and that the server has to answer."""


class Image:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workdir = folder
        (folder / "bin").mkdir()
        python = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin")
        assert python
        (folder / "bin/python").symlink_to(python)
        self.environment = {name: os.environ[name] for name in os.environ if name[:4] == "PIP_"}
        self.environment |= {"PATH": f"{folder}/bin:/usr/bin:/bin", "HOME": str(folder)}

    def inside(self, text: str) -> str:
        """Return text with its absolute paths in the folder."""
        return re.sub(r"(?<![\w.:/])/(opt|build|data)\b", rf"{self.folder}/\1", text)

    def step(self, word: str, rest: str) -> None:
        rest = self.inside(rest)
        print(word, rest.replace(str(self.folder), ""), flush=True)
        if word == "WORKDIR":
            self.workdir = Path(rest)
            self.workdir.mkdir(parents=True, exist_ok=True)
            self.give(self.workdir)
        elif word == "COPY" and "--from" not in rest:
            *sources, target = rest.split()
            for source in sources:
                self.copy(ROOT / source, self.workdir / target)
        elif word == "ENV":
            for name, value in (one.split("=", 1) for one in shlex.split(rest)):
                self.environment[name] = value.replace("$PATH", self.environment["PATH"])
        elif word == "RUN" and (command := AS_ROOT.sub("", rest)):
            self.run(["sh", "-c", command])

    def copy(self, source: Path, target: Path) -> None:
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / source.name if target.is_dir() else target)
        self.give(self.workdir)

    def give(self, folder: Path) -> None:
        if IS_ROOT:
            subprocess.run(["chown", "-R", "nobody", str(folder)], check=True)

    def start(self, command: list[str], errors: int | None = None) -> subprocess.Popen[bytes]:
        user: dict[str, Any] = {"user": "nobody", "extra_groups": []} if IS_ROOT else {}
        program = shutil.which(command[0], path=self.environment["PATH"])
        assert program, command
        return subprocess.Popen(
            [program, *command[1:]],
            env=self.environment,
            cwd=self.workdir,
            stderr=errors,
            **user,
        )

    def run(self, command: list[str]) -> None:
        process = self.start(command)
        if process.wait() != 0:
            raise SystemExit(f"status {process.returncode}: {shlex.join(command)}")


def steps() -> Iterator[tuple[str, str]]:
    """Yield each instruction and what follows it."""
    lines = [line for line in FILE.read_text().splitlines() if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line:
            word, _, rest = line.partition(" ")
            yield word, rest.strip()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = Image(folder)
        for inner in ("opt", "build", "data/media"):
            (folder / inner).mkdir(parents=True)
        image.give(folder)
        found = list(steps())
        for word, rest in found:
            if word in {"USER", "HEALTHCHECK", "CMD"}:
                continue
            image.step(word, rest.replace("mkdir /data", "mkdir -p /data"))
        # Nothing may write to the code.
        subprocess.run(["chmod", "-R", "a-w", str(folder / "opt")], check=True)
        last = dict(found)
        serve(image, json.loads(last["CMD"]), json.loads(last["HEALTHCHECK"].removeprefix("CMD ")))
        subprocess.run(["chmod", "-R", "u+w", str(folder / "opt")], check=True)
    print("every step succeeded")


def serve(image: Image, command: list[str], probe: list[str]) -> None:
    port = str(free_port())
    database = f"sqlite:///{image.folder}/data/db.sqlite3"
    image.environment |= {"DATABASE_URL": database, "SECRET_KEY": "only-for-this-run"}
    image.run(["python", "manage.py", "migrate", "--verbosity", "0"])
    command = [one.replace("0.0.0.0", "127.0.0.1") for one in command] + ["--port", port]  # noqa: S104
    probe = [one.replace(":8000", f":{port}") for one in probe]
    web, worker = image.start(command), image.start(["python", "manage.py", "work"])
    try:
        until = time.monotonic() + PATIENCE
        while image.start(probe, subprocess.DEVNULL).wait() != 0:
            assert time.monotonic() < until, "no health"
            time.sleep(1)
        print("HEALTHCHECK answered", flush=True)
        time.sleep(RUNNING)
        image.run(["python", "manage.py", "import_seeds", "--dry-run", str(ROOT / "seeds")])
        assert web.poll() is None
        assert worker.poll() is None
    finally:
        for process in (web, worker):
            process.send_signal(signal.SIGTERM)
        ended = [process.wait(timeout=60) for process in (web, worker)]
    print(f"server and worker ended with {ended}", flush=True)


if __name__ == "__main__":
    main()

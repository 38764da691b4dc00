"""Servers for single tests, on free ports, that a test may stop, kill or fill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import psycopg

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60  # seconds
IS_ROOT = os.getuid() == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_until(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, f"waited too long: {what}"
        time.sleep(0.05)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Redis:
    """A Redis server."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        bound = ["--bind", "127.0.0.1", "--port", str(self.port)]
        command = ["redis-server", *bound, "--save", "", "--dir", str(self._folder), *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(lambda: listens(self.port), "Redis")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Make it accept connections without answering."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)


class Postgres:
    """A PostgreSQL server with few connections and an empty database ``newsroom``."""

    def __init__(self, connections: int) -> None:
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/newsroom"
        # Not in pytest's folder, which other users cannot read: the server refuses to run as root.
        self._data = Path(tempfile.mkdtemp(prefix="newsroom-postgresql-"))
        self._options = (
            f"-c listen_addresses=127.0.0.1 -c port={self.port} -c fsync=off "
            f"-c unix_socket_directories= -c max_connections={connections}"
        )
        if IS_ROOT:
            shutil.chown(self._data, "postgres")
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C")

    def start(self) -> None:
        log = self._data / "log"
        self._run("pg_ctl", f"--log={log}", "--wait", f"--options={self._options}", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "--mode=immediate", "--wait", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._data)

    def create(self) -> None:
        with psycopg.connect(self.url.rpartition("/")[0] + "/postgres", autocommit=True) as server:
            server.execute("CREATE DATABASE newsroom")

    def _run(self, program: str, *arguments: str) -> None:
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: one.parts[-2])
        found = shutil.which(program) or str(folders[-1] / program)
        command = [found, f"--pgdata={self._data}", *arguments]
        if IS_ROOT:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(command, cwd="/", capture_output=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


class Site:
    """``manage.py serve`` with its own environment variables."""

    def __init__(self, log: Path, *options: str, **variables: str) -> None:
        self.log = log
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        own = {"ENV_FILE": "", "LOG_LEVEL": "WARNING", "TMPDIR": str(log.parent)}
        self.environment = os.environ | own | variables
        self._options = options
        self.process: subprocess.Popen[bytes] | None = None

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        subprocess.run(command, env=self.environment, check=True, timeout=120)

    def wrong(self) -> dict[str, str]:
        """Return what `doctor` finds wrong, by the names of its checks."""
        command = [sys.executable, str(ROOT / "manage.py"), "doctor", "--format", "json"]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, timeout=120, check=False
        )
        checks = json.loads(done.stdout)["checks"]
        found = {one["name"]: one["message"] for one in checks if not one["ok"]}
        assert done.returncode == (1 if found else 0)
        return found

    def start(self) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(self.port)]
        command += self._options
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command, env=self.environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
            )
        wait_until(lambda: self.get("/healthz")[0] == 200, "the server")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE)

    def has_started(self, workers: int) -> bool:
        """Whether so many processes have begun to answer, those that have ended included."""
        return self.log.read_text().count("Started worker") == workers

    @property
    def workers(self) -> list[int]:
        """The ids of the server's processes."""
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        """Return status, headers (lower case) and text; status 0 if nobody answers."""
        request = Request(self.origin + path, headers=headers)  # noqa: S310
        try:
            with urlopen(request, timeout=20) as response:  # noqa: S310
                return response.status, _lower(response.headers.items()), response.read().decode()
        except HTTPError as error:
            return error.code, _lower(error.headers.items()), error.read().decode()
        except (URLError, ConnectionError, TimeoutError):
            return 0, {}, ""


def all_of(calls: Sequence[Callable[[], Any]], threads: int) -> list[Any]:
    """Return the results of ``calls``, made at the same time."""
    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def _lower(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}

"""``make demo`` serves articles dated today and leaves no process behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 150  # seconds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(2 * PATIENCE),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc"),
]

Start = Callable[..., subprocess.Popen[bytes]]


def processes_of(site: Path) -> list[str]:
    """Return the command lines of all processes that a demo started and that have not ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"DEMO_SITE={site}\0".encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def wait_until(condition: Callable[[], object], demo: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert demo.poll() is None, "make demo ended"
        assert time.monotonic() < until
        time.sleep(0.1)


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as response:  # noqa: S310
        return str(response.read().decode())


def answers(url: str) -> bool:
    try:
        return bool(read(url))
    except (URLError, ConnectionError, TimeoutError):
        return False


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a copy of the project that uses the Python of the tests."""
    for name in ("newsroom", "articles", "providers", "templates", "seeds"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in ("manage.py", "Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    program = tmp_path / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    write_program(program, f'exec "{sys.executable}" "$@"')
    (tmp_path / ".venv" / ".created").touch()
    (tmp_path / ".venv" / ".runtime").touch()
    return tmp_path


def write_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def start(site: Path) -> Iterator[Start]:
    """Return a function that starts ``make demo`` in a separate session."""
    started = []

    def start(port: int, *variables: str) -> subprocess.Popen[bytes]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        with (site / "output").open("wb") as output:
            demo = subprocess.Popen(
                ["make", "demo", f"PORT={port}", *variables],
                cwd=site,
                env=kept | {"DATABASE_URL": "", "ENV_FILE": "", "DEMO_SITE": str(site)},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(demo)
        return demo

    yield start
    for demo in started:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGKILL)
            demo.wait()


def test_serves_articles_of_today_and_stops_with_make(site: Path, start: Start, port: int) -> None:
    demo = start(port, "DEMO_COUNT=20")
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(f"{url}/readyz"), demo)
    assert "news:publication_date" in read(f"{url}/news-sitemap.xml")
    password = re.search(r"Sign in as admin with the password \S+", (site / "output").read_text())
    assert password
    # Uploads are imported while the demo is still drawing pictures, in another process.
    wait_until(lambda: " --queues urgent imports " in " ".join(processes_of(site)), demo)
    wait_until(
        lambda: re.search(r"render_process| work --workers 2", " ".join(processes_of(site))),
        demo,
    )
    # A process manager sends the signal only to make.
    demo.send_signal(signal.SIGTERM)
    demo.wait(PATIENCE)
    assert processes_of(site) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_while_it_installs(
    site: Path, start: Start, port: int, number: signal.Signals
) -> None:
    (site / ".venv" / ".runtime").unlink()
    write_program(site / ".venv" / "bin" / "python", "touch installing; sleep 300 & wait")
    demo = start(port)
    wait_until((site / "installing").exists, demo)
    # Ctrl-C sends the signal to the whole process group.
    os.killpg(demo.pid, number)
    demo.wait(PATIENCE)
    assert processes_of(site) == []


def test_a_port_in_use_is_reported_first(site: Path, start: Start) -> None:
    (site / ".venv" / ".runtime").unlink()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        demo = start(port)
        assert demo.wait(PATIENCE) != 0
    output = (site / "output").read_text()
    assert f"Port {port} is in use. Choose another: make demo PORT=8001" in output
    assert "Installing" not in output

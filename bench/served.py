"""Measure the requests per second of the public pages on a real server, cached and uncached.

    python bench/served.py [--count 2000] [--databases sqlite postgres] [--seconds 5]

Serves generated documents with granian (two workers, the extra ``server``) on 127.0.0.1 and sends
requests with wrk (Debian's package) on eight connections, after a second of warm-up. The reference
is ``/healthz``, a Django view that returns a constant through the same middleware. "A write a second"
changes an article that is on no page. "Uncached" is the same server with a dummy cache, so that it
builds every page from the stories that the process keeps. The second table is that of
``bench/front_page.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.import_export import ROOT, fresh_databases, manage

WORKERS = 2
CONNECTIONS = 8
CONSTANT = "/healthz"
_FIND = """
import json
from django.db.models import Count
from articles.models import Article, Topic
lead = Article.objects.published().annotate(size=Count("related_links")).order_by("-size")[0]
topic = Topic.objects.annotate(size=Count("article_links")).order_by("-size")[0]
print(json.dumps({"story": lead.get_absolute_url(), "topic": topic.slug, "word": lead.title.split()[0]}))
"""

_WRITE = """
from time import sleep
from articles.models import Article
draft = Article.objects.filter(published=False, coverage_only=False)[0]
for number in range(1000):
    Article.objects.filter(pk=draft.pk).update(excerpt=str(number))
    sleep(1)
"""


def shell(code: str) -> list[str]:
    """Return the command that runs code with the models."""
    return [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", code]


def of(database: str) -> dict[str, str]:
    return {**os.environ, "ENV_FILE": "", "LOG_LEVEL": "ERROR", "DATABASE_URL": database}


@contextmanager
def writing(database: str) -> Iterator[None]:
    """Write once a second."""
    writer = subprocess.Popen(shell(_WRITE), env=of(database))
    try:
        yield
    finally:
        writer.terminate()
        writer.wait(timeout=20)


def pages(database: str) -> dict[str, str]:
    """Return the paths to request, for example the story with the most coverage."""
    done = subprocess.run(shell(_FIND), env=of(database), check=True, stdout=subprocess.PIPE)
    found = json.loads(done.stdout.splitlines()[-1])
    return {
        "front": "/",
        "latest": "/latest/",
        "topic": f"/topics/{quote(found['topic'])}/",
        "story": found["story"],
        "search": f"/search/?q={quote(found['word'])}",
        "feed (Atom)": "/feed.atom",
    }


@contextmanager
def serving(database: str, cache: str, folder: Path, **variables: str) -> Iterator[str]:
    """Serve with additional environment ``variables`` and yield the origin."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **of(database),
        "CACHE_URL": cache,
        "STATIC_ROOT": str(folder / "static"),
        **variables,
    }
    collect = [sys.executable, str(ROOT / "manage.py"), "collectstatic", "--noinput", "-v0"]
    if not (folder / "static").exists():
        subprocess.run(collect, env=environment, check=True)
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "newsroom.wsgi:application"]
    granian += ["--host", "127.0.0.1", "--port", str(port), "--workers", str(WORKERS)]
    granian += ["--blocking-threads", "1", "--no-ws", "--log-level", "error"]
    server = subprocess.Popen(granian, env=environment, cwd=ROOT)
    origin = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            try:
                urlopen(f"{origin}{CONSTANT}", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        yield origin
    finally:
        server.terminate()
        server.wait(timeout=20)


def measure(address: str, seconds: int, *headers: str) -> tuple[float, str, str]:
    """Return requests a second and the latency at 50 % and 99 %."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", "--latency"]
    for header in headers:
        command += ["-H", header]
    subprocess.run([*command, "-d1s", address], check=True, stdout=subprocess.DEVNULL)
    command += [f"-d{seconds}s", address]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    bad = re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", done.stdout)
    if bad:
        raise SystemExit(f"{address}: {bad[0]}")
    half, most = (
        re.search(rf"^ +{share}% +(\S+) *$", done.stdout, re.MULTILINE) for share in (50, 99)
    )
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert half
    assert most
    assert rate
    return float(rate[1]), half[1], most[1]


def compare(database: str, kind: str, folder: Path, seconds: int) -> None:
    """Measure every page in one run of each server."""
    addresses = pages(database)
    for label, cache in (("cached", "locmemcache://"), ("uncached", "dummycache://")):
        with serving(database, cache, folder) as origin:
            constant, *latencies = measure(f"{origin}{CONSTANT}", seconds)
            print_row(kind, label, "constant view", constant, *latencies, "100 %", "")
            for name, path in addresses.items():
                with urlopen(f"{origin}{path}") as response:
                    etag, size = response.headers["ETag"], len(response.read())
                rate, *latencies = measure(f"{origin}{path}", seconds)
                share = f"{rate / constant:.0%}".replace("%", " %")
                print_row(kind, label, name, rate, *latencies, share, f"{size / 1000:.1f}")
                if label == "cached" and name == "front":
                    for row, header in (
                        ("front, brotli", "Accept-Encoding: br"),
                        ("front, not modified", f"If-None-Match: {etag}"),
                    ):
                        request = Request(f"{origin}{path}", headers=dict([header.split(": ", 1)]))
                        size = 0
                        if "None" not in header:
                            with urlopen(request) as response:
                                size = len(response.read())
                        rate, *latencies = measure(f"{origin}{path}", seconds, header)
                        share = f"{rate / constant:.0%}".replace("%", " %")
                        print_row(kind, label, row, rate, *latencies, share, f"{size / 1000:.1f}")

            if label == "cached":
                with writing(database):
                    for name, path in {"constant view": CONSTANT, "front": "/"}.items():
                        rate, *latencies = measure(f"{origin}{path}", seconds)
                        if path == CONSTANT:
                            constant = rate
                        share = f"{rate / constant:.0%}".replace("%", " %")
                        print_row(kind, "a write a second", name, rate, *latencies, share, "")
    print()
    command = [sys.executable, str(ROOT / "bench/front_page.py")]
    subprocess.run(command, env=of(database), check=True)
    print()


def print_row(kind: str, label: str, name: str, rate: float, *rest: str) -> None:
    print(f"| {kind} | {label} | {name} | {rate:,.0f} | {' | '.join(rest)} |", flush=True)


def run(summary: str, what: str, compare: Callable[[str, str, Path, int], None]) -> None:
    """Parse the command line and call ``compare`` with a new newsroom on each database."""
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("--count", type=int, default=2_000, help="how many documents to serve")
    parser.add_argument("--seconds", type=int, default=5, help="seconds for each measurement")
    parser.add_argument(
        "--databases", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"]
    )
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("This needs wrk: apt-get install wrk")
    print(f"| database | cache | {what} | requests/s | p50 | p99 | of constant | KB |")
    print("|---|---|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="newsroom-bench-") as name:
        folder = Path(name)
        manage("generate_seeds", str(folder / "seeds"), "--count", str(options.count), "--seed=1")
        for kind in options.databases:
            with fresh_databases(kind, folder) as (database, _):
                manage("migrate", database=database)
                manage("import_seeds", str(folder / "seeds"), database=database)
                compare(database, kind, folder, options.seconds)


if __name__ == "__main__":
    run(__doc__.splitlines()[0], "page", compare)

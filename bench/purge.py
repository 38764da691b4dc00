"""Run deploy/varnish/newsroom.vcl with a real Varnish and a worker that empties it: ``python -m bench.purge``.

Needs varnishd. Says how often pages came from Varnish, whether it serves them while the site is
down, and how long an article is still there that is withdrawn then.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bench.proxy import ARTICLE, DEPLOY, WITHDRAW
from tests.own_servers import ROOT, Site, free_port, listens, wait_until

PAGE = "/news/no-1/"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Varnish's child process belongs to another user.
        folder.chmod(0o755)
        port = free_port()
        site = Site(
            folder / "log",
            "--workers",
            "1",
            DATABASE_URL=f"sqlite:///{folder / 'db.sqlite3'}",
            SITE_URL=f"http://127.0.0.1:{port}",
            PURGE_URL=f"http://127.0.0.1:{port}/",
        )
        site.manage("migrate", "--verbosity", "0")
        site.manage("shell", "--verbosity", "0", "--command", ARTICLE)
        vcl = folder / "newsroom.vcl"
        shipped = (DEPLOY / "varnish/newsroom.vcl").read_text()
        vcl.write_text(shipped.replace('"8000"', f'"{site.port}"'))
        varnish = ["varnishd", "-F", "-f", str(vcl), "-a", f"127.0.0.1:{port}"]
        work = [sys.executable, str(ROOT / "manage.py"), "work", "--workers", "1"]
        site.start()
        started = [
            subprocess.Popen([*varnish, "-n", str(folder / "varnish")]),
            subprocess.Popen(work, env=site.environment, cwd=ROOT),
        ]
        try:
            wait_until(lambda: listens(port), "varnishd")
            report = looked_at(site, f"http://127.0.0.1:{port}")
        finally:
            site.stop()
            for process in started:
                process.terminate()
                process.wait()
    json.dump(report, sys.stdout, indent=1)
    print()


def get(url: str, method: str = "GET", **headers: str) -> tuple[int, bool]:
    """Return the status, and whether the answer came from Varnish's cache."""
    try:
        with urlopen(Request(url, method=method, headers=headers), timeout=20) as response:
            return response.status, " " in response.headers["X-Varnish"]
    except HTTPError as error:
        return error.code, False


def looked_at(site: Site, origin: str) -> dict[str, object]:
    # The worker empties it until no page from before the last change is left.
    time.sleep(8)
    seen = [get(origin + PAGE) for _ in range(20)]
    stranger, _ = get(origin, "PURGE", **{"X-Forwarded-For": "192.0.2.1"})
    site.stop()
    down = time.monotonic()
    # Longer than without stale-if-error, and than Varnish needs to see that the site is down.
    time.sleep(8)
    while_down = [get(origin + PAGE)[0] for _ in range(5)]
    began = time.monotonic()
    site.manage("shell", "--verbosity", "0", "--command", WITHDRAW)
    while get(origin + PAGE)[0] == 200:
        assert time.monotonic() - began < 30, "the article is still there"
        time.sleep(0.1)
    gone = time.monotonic() - began
    site.start()
    wait_until(lambda: get(origin + PAGE)[0] in {404, 410}, "the site again")
    return {
        "from_varnish": f"{sum(kept for _, kept in seen)} of {len(seen)}",
        "purge_by_a_stranger": stranger,
        "while_the_site_is_down": while_down,
        "down_for_seconds": round(began - down, 1),
        "gone_after_seconds": round(gone, 1),
    }


if __name__ == "__main__":
    main()

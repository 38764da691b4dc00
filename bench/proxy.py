"""Run deploy/nginx/newsroom.conf with a real nginx in front of ``manage.py serve``: ``python -m bench.proxy``.

Needs nginx. Says what it saw: a page from nginx's cache, the time until a withdrawn article is gone
everywhere, and how large requests may be.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.own_servers import ROOT, Site, free_port, listens, wait_until

DEPLOY = ROOT / "deploy"
ARTICLE = """
from tests.factories import make_article
make_article(slug="no-1")
"""
WITHDRAW = """
from articles.models import Article
Article.objects.update(decision="withdraw", published=False)
"""


class Nginx:
    """An nginx with the project's configuration: other ports and folders, and no TLS."""

    def __init__(self, folder: Path, upstream: int) -> None:
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self._conf = folder / "nginx.conf"
        site = (DEPLOY / "nginx/newsroom.conf").read_text()
        # The two servers for port 80 only redirect.
        site = site.replace("listen 80", f"listen 127.0.0.1:{free_port()}")
        site = site.replace("listen 443 ssl", f"listen 127.0.0.1:{self.port}")
        site = re.sub(r"\n\s*ssl_\w+ [^\n]*", "", site)
        site = site.replace("/var/cache/nginx/newsroom", str(folder / "pages"))
        site = site.replace("newsroom-media.conf", str(DEPLOY / "nginx/media.conf"))
        pool = (DEPLOY / "nginx/upstream.conf").read_text().replace("8000", str(upstream))
        temporary = "".join(
            f"{name}_temp_path {folder / name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        self._conf.write_text(
            f"pid {folder / 'pid'};\nerror_log {folder / 'errors'};\nevents {{}}\n"
            f"http {{\naccess_log off;\n{temporary}{pool}{site}}}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        subprocess.run(["nginx", "-t", "-c", str(self._conf)], check=True)
        command = ["nginx", "-c", str(self._conf), "-g", "daemon off;"]
        self._process = subprocess.Popen(command)
        wait_until(lambda: listens(self.port), "nginx")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()

    def get(self, path: str, body: bytes | None = None) -> tuple[int, dict[str, str]]:
        request = Request(self.origin + path, data=body, headers={"Host": "news.example"})
        try:
            with urlopen(request, timeout=20) as response:
                return response.status, {k.lower(): v for k, v in response.headers.items()}
        except HTTPError as error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}
        except OSError:
            # nginx refuses a large request before it was sent.
            return 413, {}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # nginx's processes may belong to another user.
        folder.chmod(0o755)
        site = Site(
            folder / "log",
            "--workers",
            "1",
            DATABASE_URL=f"sqlite:///{folder / 'db.sqlite3'}",
            ALLOWED_HOSTS="news.example,127.0.0.1",
            SITE_URL="https://news.example",
            BEHIND_PROXY="true",
        )
        site.manage("migrate", "--verbosity", "0")
        site.manage("shell", "--verbosity", "0", "--command", ARTICLE)
        nginx = Nginx(folder, site.port)
        site.start()
        try:
            nginx.start()
            report = looked_at(site, nginx)
        finally:
            nginx.stop()
            site.stop()
    json.dump(report, sys.stdout, indent=1)
    print()


def looked_at(site: Site, nginx: Nginx) -> dict[str, object]:
    page = "/news/no-1/"
    seen = [nginx.get(page)[1].get("x-cache") for _ in range(5)]
    assert "HIT" in seen, seen
    site.manage("shell", "--verbosity", "0", "--command", WITHDRAW)
    began = time.monotonic()
    while nginx.get(page)[0] == 200 or nginx.get("/latest/")[0] != 200:
        assert time.monotonic() - began < 5, "the article is still there"
        time.sleep(0.1)
    gone = time.monotonic() - began
    assert nginx.get(page)[0] in {404, 410}
    large = bytes(40 * 1024 * 1024)
    refused, _ = nginx.get("/admin/login/", large)
    taken, _ = nginx.get("/admin/articles/importrun/import/", large)
    assert refused == 413, refused
    assert taken != 413, taken
    metrics, _ = nginx.get("/metrics")
    assert metrics == 404
    return {
        "cache": seen,
        "gone_after_seconds": round(gone, 1),
        "large_form": refused,
        "archive": taken,
    }


if __name__ == "__main__":
    main()

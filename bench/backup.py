"""Back up a newsroom while another process writes, restore it, and compare: ``backup [TIMES]``.

    DATABASE_URL=sqlite:// python -m bench.backup
    DATABASE_URL=postgres://postgres@127.0.0.1:5432/bench python -m bench.backup

Every time has another seed for what is written. Databases called ``bench_backup_…`` are created, and
dropped at the end. The restored rows and files must equal the backup's digests (``restore`` compares
them itself), be of one moment, and be the same again in a backup of the restored newsroom.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

DO = ("-m", "tests.articles.backing_up")
WANTED = 5
"""How many pictures must be written before the backup begins."""


class Place:
    """Databases and media folders of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = os.environ["DATABASE_URL"]
        self.is_postgres = self.url.startswith("postgres")

    def create(self, name: str, template: str = "") -> dict[str, str]:
        shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / name).mkdir()
        if self.is_postgres:
            self.execute(f"DROP DATABASE IF EXISTS bench_backup_{name}")
            copied = f" TEMPLATE bench_backup_{template}" if template else ""
            self.execute(f"CREATE DATABASE bench_backup_{name}{copied}")
            url = urlunsplit(urlsplit(self.url)._replace(path=f"/bench_backup_{name}"))
        else:
            file = self.folder / name / "db.sqlite3"
            if template:
                shutil.copy(self.folder / template / "db.sqlite3", file)
            url = f"sqlite:///{file}"
        return os.environ | {
            "DATABASE_URL": url,
            "ENV_FILE": "",
            "LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "newsroom.settings",
            "MEDIA_ROOT": str(self.folder / name / "media"),
        }

    def drop(self) -> None:
        for name in ("blank", "source", "restored") if self.is_postgres else ():
            self.execute(f"DROP DATABASE IF EXISTS bench_backup_{name}")

    def execute(self, sql: str) -> None:
        server = urlunsplit(urlsplit(self.url)._replace(path="/postgres"))
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql)


def python(environment: dict[str, str], *words: str, check: bool = True) -> Any:
    done = subprocess.run(
        [sys.executable, *words], env=environment, check=check, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout) if done.stdout.strip() else None


def once(place: Place, seed: int) -> None:
    here, there = place.create("source", "blank"), place.create("restored", "blank")
    follower = python(here, *DO, "fill")
    stop, file = place.folder / f"stop-{seed}", place.folder / "b.tar.gz"
    writer = subprocess.Popen(
        [sys.executable, *DO, "write", str(stop), str(seed)], env=here, stdout=subprocess.PIPE
    )
    media = Path(here["MEDIA_ROOT"])
    while len(list(media.rglob("*.avif"))) < WANTED:
        assert writer.poll() is None, "the writer ended"
        time.sleep(0.02)
    began = time.monotonic()
    made = python(here, "manage.py", "backup", str(file), "--format", "json")
    took = time.monotonic() - began
    stop.touch()
    written = int(writer.communicate()[0])
    python(there, "manage.py", "restore", str(file), "--format", "json")
    # Pictures that were pruned meanwhile are named as missing: exit status 1.
    again = place.folder / "again.tar.gz"
    python(there, "manage.py", "backup", str(again), "--format", "json", check=False)
    first, second = manifest(file), manifest(again)
    assert first["tables"] == second["tables"], "rows differ"
    assert first["media"] == second["media"], "files differ"
    found = python(there, *DO, "describe", follower)
    assert found["is_one_moment"], "not one moment"
    assert found["are_files_equal"], "files differ"
    assert found["follower"] == 410, found["follower"]
    kept = max(0, len(found["rows"]["Article"]) - 3)
    print(
        f"seed {seed}: equal; {made['rows']:,} rows, {made['files']} files in {took:.1f} s; "
        f"{kept} of {written} writes are in the backup",
        flush=True,
    )


def manifest(file: Path) -> Any:
    with tarfile.open(file) as tar:
        content = tar.extractfile("manifest.json")
        assert content
        return json.load(content)


def main(times: int = 10) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        python(place.create("blank"), "manage.py", "migrate", "--verbosity", "0")
        try:
            for seed in range(times):
                once(place, seed)
        finally:
            place.drop()
    print(f"{times} of {times} equal")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

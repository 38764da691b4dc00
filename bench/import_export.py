"""Measure the documents a second and peak memory of import, unchanged re-import and export.

    python bench/import_export.py [--counts 2000 20000 100000] [--databases sqlite postgres]

Generates the documents and measures each step in its own process on a fresh database. The reference
for the import is a plain ``bulk_create`` of the same rows; for the export it is ``write``, which
only writes the stored texts to files. These two take turns, and the median of three is printed.
Nothing is deleted before the end, because ext4 may create files slowly for some minutes after many
were deleted. For the same reason, wait five minutes between two runs.

Includes PostgreSQL if BENCH_POSTGRES_URL (by default postgres://postgres@127.0.0.1:5432/postgres)
answers; the benchmark creates its own databases there and drops them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("BENCH_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
STAGES = ("bulk_create", "import", "reimport", "write", "export")


def stage(name: str, argument: str = "", database: str = "") -> dict[str, Any]:
    environment = {**os.environ, "ENV_FILE": "", "DATABASE_URL": database}
    command = [sys.executable, str(ROOT / "bench" / "stage.py"), name, argument]
    # Otherwise the system would write the buffers of the previous step during this measurement.
    os.sync()
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def manage(*arguments: str, database: str = "") -> None:
    environment = {**os.environ, "ENV_FILE": "", "DATABASE_URL": database}
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def fresh_databases(kind: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Return the URLs of two empty databases: the newsroom's and the reference's."""
    if kind == "sqlite":
        files = [folder / "newsroom.sqlite3", folder / "reference.sqlite3"]
        yield f"sqlite:///{files[0]}", f"sqlite:///{files[1]}"
        for file in folder.glob("*.sqlite3*"):
            file.unlink()
        return
    import psycopg

    names = [f"newsroom_bench_{os.getpid()}_{name}" for name in ("a", "b")]
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        for name in names:
            connection.execute(f'CREATE DATABASE "{name}"')
        try:
            parts = urlsplit(POSTGRES)
            first, second = (urlunsplit(parts._replace(path=f"/{name}")) for name in names)
            yield first, second
        finally:
            for name in names:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def measure(kind: str, documents: Path, folder: Path) -> dict[str, dict[str, Any]]:
    results = {}
    with fresh_databases(kind, folder) as (database, reference):
        manage("migrate", "--verbosity=0", database=database)
        results["import"] = stage("import", str(documents), database)
        results["reimport"] = stage("reimport", str(documents), database)
        turns: dict[str, list[dict[str, Any]]] = {"write": [], "export": []}
        for turn in range(3):
            for step, done in turns.items():
                done.append(stage(step, str(folder / f"{kind}-{step}-{turn}"), database))
        for step, done in turns.items():
            results[step] = sorted(done, key=itemgetter("seconds"))[1]
        results["bulk_create"] = stage("bulk_create", reference, database)
    return results


def postgres_answers() -> bool:
    try:
        import psycopg

        psycopg.connect(POSTGRES, connect_timeout=3).close()
    except Exception as error:  # noqa: BLE001 - whatever the reason, it is said
        print(f"PostgreSQL is left out: {str(error).splitlines()[0]}")
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[2_000, 20_000, 100_000])
    parser.add_argument(
        "--databases", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"]
    )
    options = parser.parse_args()
    kinds = [kind for kind in options.databases if kind == "sqlite" or postgres_answers()]
    idle = stage("check")["megabytes"]
    print(f"An idle `manage.py check`: {idle:.0f} MB\n")
    print("| database | documents | step | documents/s | peak MB |")
    print("|---|---:|---|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="newsroom-bench-") as name:
        for count in options.counts:
            folder = Path(name) / str(count)
            folder.mkdir()
            documents = folder / "documents"
            manage("generate_seeds", str(documents), f"--count={count}", "--seed=1")
            for kind in kinds:
                results = measure(kind, documents, folder)
                for step in STAGES:
                    result = results[step]
                    rate = result["documents"] / result["seconds"]
                    row = (kind, f"{count:,}", step, f"{rate:,.0f}", f"{result['megabytes']:.0f}")
                    print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()

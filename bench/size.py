"""Measure the bytes of each article in the database, with all indexes: ``python bench/size.py``.

    python bench/size.py [--counts 2000 20000 100000] [--databases sqlite postgres]

Generates documents, imports them into a fresh database, and prints the largest tables and the whole
database. SQLite's file is compacted first; PostgreSQL's sizes are taken after VACUUM, as they are in
use. Pictures and the write-ahead logs are not in the figures.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.import_export import fresh_databases, manage, postgres_answers

SHOWN = 6
"""How many tables to print."""


def sqlite_sizes(url: str) -> dict[str, tuple[int, int]]:
    """Return the bytes of each table and of its indexes."""
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute("VACUUM")
        rows = database.execute(
            "SELECT m.tbl_name, SUM(s.pgsize * (m.type = 'table')), SUM(s.pgsize * (m.type = 'index'))"
            " FROM dbstat AS s JOIN sqlite_master AS m USING (name) GROUP BY m.tbl_name"
        )
        return {name: (own, indexes) for name, own, indexes in rows}


def postgres_sizes(url: str) -> dict[str, tuple[int, int]]:
    """Return the bytes of each table, with its large values, and of its indexes."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as database:
        database.execute("VACUUM ANALYZE")
        rows = database.execute(
            "SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        return {name: (own, indexes) for name, own, indexes in rows}


def print_rows(kind: str, count: int, sizes: Mapping[str, tuple[int, int]]) -> None:
    largest = sorted(sizes, key=lambda name: -sum(sizes[name]))[:SHOWN]
    total = [sum(column) for column in zip(*sizes.values(), strict=True)]
    for name, (own, indexes) in [*((name, sizes[name]) for name in largest), ("all", total)]:
        shares = [f"{bytes_ / count:,.0f}" for bytes_ in (own, indexes, own + indexes)]
        print(f"| {kind} | {count:,} | {name} | {' | '.join(shares)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[2_000, 20_000, 100_000])
    parser.add_argument(
        "--databases", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"]
    )
    options = parser.parse_args()
    kinds = [kind for kind in options.databases if kind == "sqlite" or postgres_answers()]
    print("| database | documents | table | table | indexes | bytes for each document |")
    print("|---|---:|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="newsroom-bench-") as name:
        for count in options.counts:
            documents = Path(name) / str(count)
            manage("generate_seeds", str(documents), f"--count={count}", "--seed=1")
            for kind in kinds:
                with fresh_databases(kind, Path(name)) as (database, _):
                    manage("migrate", "--verbosity=0", database=database)
                    manage("import_seeds", str(documents), database=database)
                    sizes = sqlite_sizes if kind == "sqlite" else postgres_sizes
                    print_rows(kind, count, sizes(database))


if __name__ == "__main__":
    main()

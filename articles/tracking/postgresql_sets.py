"""PostgreSQL's part of ``in_sets()``: a setting of the transaction, which the triggers read.

While it is on, they collect the changed rows in temporary tables. The function ``note_set()``
(``articles/migrations/frozen/postgresql.py``) does the rest. A rollback or the end of the
connection turns the setting off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from articles.migrations.frozen.postgresql import SET_TABLES

Execute = Callable[[str], Any]


def is_open(execute: Execute) -> bool:
    found = execute("SELECT current_setting('newsroom.in_sets', true) = 'on'")
    return found.fetchone()[0] is True


def begin(execute: Execute) -> None:
    """Make the triggers collect changed rows."""
    for table, columns in SET_TABLES.items():
        # Keep them for the connection, because PostgreSQL lists every new table in its catalog.
        execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} ({columns}) ON COMMIT DELETE ROWS")
    execute("SELECT set_config('newsroom.in_sets', 'on', true)")


def end(execute: Execute, begun: None) -> None:
    """Turn the setting off, and note everything that was collected."""
    execute("SELECT note_set()")

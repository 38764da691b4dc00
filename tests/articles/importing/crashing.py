"""Run one import in a separate process and end it at a given moment: ``crashing WHEN PATH…``.

WHEN is a number, for SIGKILL at the write statement of that number (commits count twice, before and
after), or ``int`` or ``term``, for SIGINT or SIGTERM during the first batch. 0 never kills. Prints the count as the last
word on stderr, unless killed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django
from django.core.management import call_command
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

WRITES = ("INSERT", "UPDATE", "DELETE", "COPY", "SAVEPOINT", "RELEASE", "BEGIN")


class Killer:
    """Counts writes and kills the process at a chosen one."""

    def __init__(self, moment: str) -> None:
        self.moment = int(moment) if moment.isdecimal() else 0
        self.asks = {"int": signal.SIGINT, "term": signal.SIGTERM}.get(moment)
        self.count = 0

    def tick(self) -> None:
        """Count a moment."""
        self.count += 1
        if self.count == self.moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if sql.lstrip().upper().startswith(WRITES):
            self.tick()
            if self.asks and sql.startswith('UPDATE "articles_importrun"'):
                os.kill(os.getpid(), self.asks)
                self.asks = None
        return execute(sql, params, many, context)


def main(moment: str, *paths: str) -> None:
    """Import ``paths``."""
    django.setup()
    killer = Killer(moment)
    commit = BaseDatabaseWrapper._commit  # type: ignore[attr-defined]

    def counted_commit(self: BaseDatabaseWrapper) -> None:
        killer.tick()
        commit(self)
        killer.tick()

    BaseDatabaseWrapper._commit = counted_commit  # type: ignore[attr-defined]
    with connection.execute_wrapper(killer):
        call_command("import_seeds", *paths, batch_size=20, format="json")
    sys.stderr.write(f"{killer.count}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Migrate while the former version serves the site.

On PostgreSQL a migration that changes a table waits until no transaction uses it, and all later
queries of the table wait behind the migration. So a migration waits for a short time only, and tries
again after a pause in which the others go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

LOCK_SECONDS: Final = 2
STATEMENT_SECONDS: Final = 60
ATTEMPTS: Final = 30
PAUSE: Final = 2.0
"""Seconds."""
_LOCK: Final = 0x6E657773
"""The advisory lock of a database that is being migrated: any number, but always the same."""
_LOCK_TIMEOUT: Final = "55P03"
_STATEMENT_TIMEOUT: Final = "57014"


class BusyError(Exception):
    """Somebody else is migrating or uses a table that must change."""


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--lock-seconds",
            type=int,
            default=LOCK_SECONDS,
            metavar="N",
            help="how long to wait for a table in each attempt (default: %(default)s; 0: no limit)",
        )
        parser.add_argument(
            "--statement-seconds",
            type=int,
            default=STATEMENT_SECONDS,
            metavar="N",
            help="how long a statement may take (default: %(default)s; 0: no limit)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        only_looks = options["check_unapplied"] or options["plan"]
        if connection.vendor != "postgresql" or only_looks:
            super().handle(*args, **options)
            return
        for _ in range(ATTEMPTS):
            try:
                with _limits(connection, options["lock_seconds"], options["statement_seconds"]):
                    # Migrations that were applied by a former attempt are skipped.
                    super().handle(*args, **options)
                return
            except BusyError as busy:
                self.stderr.write(f"{busy} Trying again.")
            sleep(PAUSE)
        raise CommandError(
            f"Gave up after {ATTEMPTS} attempts. What was applied is kept. Run manage.py migrate again "
            "at a quieter time, or end what uses the table: pg_stat_activity shows it."
        )


@contextmanager
def _limits(connection: BaseDatabaseWrapper, lock: int, statement: int) -> Iterator[None]:
    """Let only one process migrate, with limits; raise ``BusyError`` if it must wait for too long."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            raise BusyError("Another process is migrating this database.")
        try:
            cursor.execute(f"SET lock_timeout = '{lock:d}s'")
            cursor.execute(f"SET statement_timeout = '{statement:d}s'")
            yield
        except OperationalError as error:
            state = getattr(error.__cause__, "sqlstate", "")
            if state == _LOCK_TIMEOUT:
                raise BusyError(f"A transaction uses a table for more than {lock} s.") from error
            if state == _STATEMENT_TIMEOUT:
                raise CommandError(
                    f"A statement took more than {statement} seconds, so its migration was undone. Run "
                    "manage.py migrate --statement-seconds 0 when the site may stand still."
                ) from error
            raise
        finally:
            if connection.is_usable():
                cursor.execute("RESET lock_timeout")
                cursor.execute("RESET statement_timeout")
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])

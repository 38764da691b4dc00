"""Check everything that an operator must watch."""

from __future__ import annotations

from typing import Any

from articles.watching import checks
from newsroom.commands import ReportCommand


class Command(ReportCommand):
    help = (
        "Check database, migrations, cache, queue, workers, clocks, files, disk and settings: a line "
        "for each, with what to do. Exit status 1 if something is wrong."
    )
    # Wrong settings are a result of this command.
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        found = checks.results()
        self.report(
            options,
            lambda: checks.as_json(found),
            lambda: "\n".join(
                f"{'ok' if one.ok else 'WRONG':5}  {one.name:10}  {one.message}" for one in found
            ),
        )
        if not all(one.ok for one in found):
            raise SystemExit(1)

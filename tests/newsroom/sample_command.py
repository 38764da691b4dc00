"""A command that runs a function, for tests of behavior that all commands share."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from newsroom import commands
from newsroom.commands import ReportCommand


class Sample(ReportCommand):
    """A command that runs a function."""

    requires_system_checks = ()

    def __init__(self, work: Any = None) -> None:
        super().__init__()
        self.work = work

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", type=commands.whole(1, 9))
        parser.add_argument("--folder", type=commands.path)
        parser.add_argument("--slug", nargs="+", type=commands.text)
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        if self.work:
            self.work(self)
        self.report(options, lambda: {"slug": options["slug"]}, lambda: f"slug {options['slug']}")

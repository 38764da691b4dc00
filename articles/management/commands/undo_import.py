"""Undo an import."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from articles.importing.undo import undo
from articles.models import ImportRun
from newsroom.commands import USAGE, ReportCommand, whole
from newsroom.interrupts import stop_on_signal


class Command(ReportCommand):
    help = (
        "Remove what an import created and restore what it changed, except where somebody has acted "
        "since."
    )
    dry_run_help = "only report what would be undone"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=whole(1), help="the import's number")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        run = ImportRun.objects.filter(pk=options["run"]).first()
        if run is None:
            raise CommandError(f"There is no import {options['run']}.", returncode=USAGE)
        try:
            with stop_on_signal() as stopping:
                undone = undo(run, dry_run=options["dry_run"], is_stopped=stopping.is_set)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.report(options, undone.as_json, lambda: undone.as_text(dry_run=options["dry_run"]))
        self.end_if_stopped(stopping.status, "Run again to continue.")

"""Shared by management commands: a report for people or, with ``--format json``, for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser


class ReportCommand(BaseCommand):
    """A command with ``--format`` and, if ``dry_run_help`` says what it does, ``--dry-run``."""

    dry_run_help = ""

    def add_arguments(self, parser: CommandParser) -> None:
        if self.dry_run_help:
            parser.add_argument("--dry-run", action="store_true", help=self.dry_run_help)
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="for people or programs"
        )

    def report(
        self,
        options: dict[str, Any],
        as_json: Callable[[], object],
        as_text: Callable[[], str],
    ) -> None:
        is_json = options["format"] == "json"
        self.stdout.write(json.dumps(as_json()) if is_json else as_text())

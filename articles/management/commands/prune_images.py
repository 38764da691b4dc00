"""Delete copies of images that nothing shows any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from articles.images import pruning
from newsroom.commands import ReportCommand, whole


class Command(ReportCommand):
    help = "Delete copies of images that nothing shows any more, and files without an image."

    dry_run_help = "only count what would be deleted"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--hours",
            type=whole(0, 1_000_000),
            default=pruning.GRACE // timedelta(hours=1),
            metavar="N",
            help="keep what is younger than N hours (default: %(default)s)",
        )
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        done = pruning.prune(dry_run=options["dry_run"], grace=timedelta(hours=options["hours"]))
        self.report(options, done.as_json, done.as_text)

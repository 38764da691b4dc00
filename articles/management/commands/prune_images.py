"""Delete copies of images that nothing shows any more."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from articles.images import pruning


class Command(BaseCommand):
    help = "Delete copies of images that nothing shows any more, and files without an image."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="only count what would be deleted"
        )
        parser.add_argument(
            "--hours",
            type=int,
            default=pruning.GRACE // timedelta(hours=1),
            metavar="N",
            help="keep what is younger than N hours (default: %(default)s)",
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, **options: Any) -> None:
        if options["hours"] < 0:
            raise CommandError("--hours must be 0 or more.", returncode=2)
        done = pruning.prune(dry_run=options["dry_run"], grace=timedelta(hours=options["hours"]))
        as_json = options["format"] == "json"
        self.stdout.write(json.dumps(done.as_json()) if as_json else done.as_text())

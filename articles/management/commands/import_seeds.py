"""Import news documents."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from articles import importing
from articles.models import ImportProblem
from newsroom.interrupts import INTERRUPTED


class Command(BaseCommand):
    help = "Import news documents, topics and providers; safe to run again."
    # Checking addresses, too, would load every page and the API: 8 MB of the 150 that an import may take.
    requires_system_checks = (Tags.models,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="*", type=Path, help="files or folders (default: seeds/)")
        parser.add_argument("--dry-run", action="store_true", help="report, but write nothing")
        parser.add_argument("--fail-fast", action="store_true", help="stop at the first bad one")
        parser.add_argument("--batch-size", type=int, default=importing.BATCH_SIZE, metavar="N")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, **options: Any) -> None:
        if options["batch_size"] < 1:
            raise CommandError("--batch-size must be 1 or more.", returncode=2)
        paths = options["path"] or [settings.BASE_DIR / "seeds"]
        try:
            # A count costs a walk over the folders: only where somebody watches.
            total = importing.count_files(paths) if sys.stderr.isatty() else None
            with tqdm(total=total, unit="document", disable=None) as bar:
                report = importing.run(
                    [Path(path) for path in paths],
                    dry_run=options["dry_run"],
                    fail_fast=options["fail_fast"],
                    batch_size=options["batch_size"],
                    progress=bar.update,
                )
        except FileNotFoundError as error:
            raise CommandError(str(error), returncode=2) from error
        for problem in report.of(ImportProblem.Kind.ERROR):
            self.stderr.write(str(problem))
        if options["format"] == "json":
            self.stdout.write(json.dumps(report.as_json()))
        else:
            self.stdout.write(report.as_text())
        if report.interrupted:
            self.stderr.write("Interrupted: what was done is kept; run again to go on.")
            raise SystemExit(INTERRUPTED)
        if report.rejected:
            raise SystemExit(1)

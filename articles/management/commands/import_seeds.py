"""Import news documents."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from articles import importing
from articles.models import ImportProblem
from newsroom.commands import USAGE, ReportCommand, path, whole


class Command(ReportCommand):
    help = "Import news documents, topics and providers. Safe to run again."
    dry_run_help = "report what an import would do, but write nothing"
    # Checking URLs would load every page and the API, which takes 8 of an import's 150 MB.
    requires_system_checks = (Tags.models,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="*", type=path, help="files or folders (default: seeds/)")
        parser.add_argument(
            "--fail-fast", action="store_true", help="stop at the first rejected document"
        )
        parser.add_argument(
            "--batch-size",
            type=whole(1),
            default=importing.BATCH_SIZE,
            metavar="N",
            help="documents per transaction (default: %(default)s)",
        )
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        paths = options["path"] or [settings.BASE_DIR / "seeds"]
        try:
            # Count only for a progress bar, because counting walks through the folders.
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
            raise CommandError(str(error), returncode=USAGE) from error
        for line in report.lines(ImportProblem.Kind.ERROR):
            self.stderr.write(line)
        self.report(options, report.as_json, report.as_text)
        self.end_if_stopped(report.stopped, "Finished documents are kept; run again to continue.")
        if report.rejected:
            raise SystemExit(1)

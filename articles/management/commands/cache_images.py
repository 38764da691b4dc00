"""Keep copies of the images that readers miss."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from articles.images import keeping
from articles.images.report import Report
from newsroom.interrupts import INTERRUPTED


class Command(BaseCommand):
    help = (
        "Fetch the images of published articles, newest and hottest first, then of their coverage, "
        "and store small copies. Safe to run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, metavar="N", help="fetch at most N images")
        parser.add_argument(
            "--retry-failed", action="store_true", help="also retry permanent failures"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only list what would be fetched"
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, **options: Any) -> None:
        limit = options["limit"]
        if limit is not None and limit < 1:
            raise CommandError("--limit must be 1 or more.", returncode=2)
        chosen = {"limit": limit, "retry_failed": options["retry_failed"]}
        if options["dry_run"]:
            self._tell(keeping.preview(**chosen), options["format"])
            return
        # The count reads all published articles, so only for a progress bar.
        total = len(keeping.preview(**chosen).wanted) if sys.stderr.isatty() else None
        with tqdm(total=total, unit="image", disable=None) as bar:
            report = keeping.keep(**chosen, progress=bar.update)
        for failure in report.failures:
            self.stderr.write(str(failure))
        self._tell(report, options["format"])
        if report.interrupted:
            self.stderr.write("Interrupted. Finished images are kept; run again to continue.")
            raise SystemExit(INTERRUPTED)
        if report.failures:
            raise SystemExit(1)

    def _tell(self, report: Report, form: str) -> None:
        self.stdout.write(json.dumps(report.as_json()) if form == "json" else report.as_text())

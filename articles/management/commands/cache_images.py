"""Store missing copies of images that readers see."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandParser
from tqdm import tqdm

from articles.images import keeping
from newsroom.commands import ReportCommand, whole


class Command(ReportCommand):
    help = (
        "Fetch the images of published articles, newest and hottest first, then of their coverage, "
        "and store small copies. Safe to run again."
    )

    dry_run_help = "only list what would be fetched"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=whole(1), metavar="N", help="fetch at most N images")
        parser.add_argument(
            "--retry-failed", action="store_true", help="also retry permanent failures"
        )
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        chosen = {"limit": options["limit"], "retry_failed": options["retry_failed"]}
        if options["dry_run"]:
            preview = keeping.preview(**chosen)
            self.report(options, preview.as_json, preview.as_text)
            return
        # Count only for a progress bar, because counting reads all published articles.
        total = len(keeping.preview(**chosen).wanted) if sys.stderr.isatty() else None
        with tqdm(total=total, unit="image", disable=None) as bar:
            report = keeping.keep(**chosen, progress=bar.update)
        for failure in report.failures:
            self.stderr.write(str(failure))
        self.report(options, report.as_json, report.as_text)
        self.end_if_stopped(report.stopped, "Finished images are kept; run again to continue.")
        if report.failures:
            raise SystemExit(1)

"""Import news documents."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from time import sleep
from typing import Any, Final

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import CommandError, CommandParser
from django.urls import reverse
from tqdm import tqdm

from articles import importing
from articles.importing import Report, uploads
from articles.models import ImportProblem, ImportRun, Upload
from newsroom.commands import USAGE, ReportCommand, path, whole

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at an import to wait for."""


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
        parser.add_argument(
            "--queue", action="store_true", help="let the workers (manage.py work) import folders"
        )
        parser.add_argument(
            "--wait", action="store_true", help="with --queue, wait until they have finished"
        )
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        if options["wait"] and not options["queue"]:
            raise CommandError("--wait needs --queue.", returncode=USAGE)
        paths = options["path"] or [settings.BASE_DIR / "seeds"]
        begin = uploads.submit if options["queue"] else importing.run
        try:
            # Count only for a progress bar, because counting walks through the folders.
            total = importing.count_files(paths) if sys.stderr.isatty() else None
            with tqdm(total=total, unit="document", disable=None) as bar:
                begun = begin(
                    [Path(path) for path in paths],
                    dry_run=options["dry_run"],
                    fail_fast=options["fail_fast"],
                    batch_size=options["batch_size"],
                    progress=bar.update,
                )
        except (FileNotFoundError, NotADirectoryError) as error:
            raise CommandError(str(error), returncode=USAGE) from error
        if isinstance(begun, Report):
            self._print(begun, options)
        elif options["wait"]:
            self._print(self._finished(begun), options)
        else:
            self.report(options, partial(_as_json, begun), partial(_as_text, begun))

    def _finished(self, upload: Upload) -> Report:
        """Wait until a queued import has ended; return its report."""
        while uploads.is_pending(upload):
            sleep(LOOK_EVERY)
        upload.refresh_from_db()
        if upload.message:
            self.stderr.write(upload.message)
        if upload.run.state not in {ImportRun.State.FINISHED, ImportRun.State.CHECKED}:
            raise CommandError(f"Import {upload.run.pk} is {upload.run.get_state_display()}.")
        return Report.of_run(upload.run, upload.policy)

    def _print(self, report: Report, options: dict[str, Any]) -> None:
        for line in report.lines(ImportProblem.Kind.ERROR):
            self.stderr.write(line)
        self.report(options, report.as_json, report.as_text)
        self.end_if_stopped(report.stopped, "Finished documents are kept; run again to continue.")
        if report.rejected:
            raise SystemExit(1)


def _as_json(upload: Upload) -> dict[str, Any]:
    return {
        "run": upload.run.pk,
        "documents": upload.total,
        "parts": upload.parts,
        "url": _page(upload),
    }


def _as_text(upload: Upload) -> str:
    return (
        f"Import {upload.run.pk} is queued: {upload.total:,} documents. "
        f"The workers (manage.py work) do the rest. Follow it at {_page(upload)}"
    )


def _page(upload: Upload) -> str:
    page = reverse("admin:articles_importrun_change", args=[upload.run.pk])
    return f"{settings.SITE_URL}{page}"

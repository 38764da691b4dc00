"""Restore a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from articles import backup
from articles.backup import Restored
from newsroom.commands import ReportCommand, path


class Command(ReportCommand):
    help = "Replace the database by a backup, and store its media. Stop server and workers first."
    dry_run_help = "only check the whole file"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=path, help="the backup")
        parser.add_argument(
            "--replace", action="store_true", help="also if this newsroom is not empty"
        )
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        file: Path = options["file"]
        try:
            with tqdm(unit="row", disable=None) as bar:
                done = backup.restore(
                    file, bar.update, replace=options["replace"], dry_run=options["dry_run"]
                )
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        self.report(options, lambda: {"file": str(file), **done.as_json()}, lambda: _in_words(done))


def _in_words(done: Restored) -> str:
    what = f"{done.rows:,} rows and {done.files:,} media files of {done.made_at}"
    if done.dry_run:
        lost = f" {backup.in_words(done.replaced)} would be lost." if done.replaced else ""
        return f"The backup is complete: {what}.{lost}"
    return (
        f"{what} restored. Everybody has to sign in again; API tokens are those of the backup. "
        "Programs that follow the API must start over."
    )

"""Write a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from tqdm import tqdm

from articles import backup
from newsroom.commands import ReportCommand, path


class Command(ReportCommand):
    help = "Write the database and the media into one file, while the site goes on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", type=path, help="the file to write or replace; packed if it ends in .gz"
        )
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        file: Path = options["file"]
        with tqdm(unit="row", disable=None) as bar:
            made = backup.make(file, bar.update)
        self.report(
            options,
            lambda: {"file": str(file), **made.as_json()},
            lambda: f"{made.as_text()} written to {file}",
        )
        if made.missing:
            self.stderr.write(
                f"{len(made.missing):,} media files are missing, for example {made.missing[0]}. The "
                "backup is complete without them. Run check_newsroom."
            )
            raise SystemExit(1)

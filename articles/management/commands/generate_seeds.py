"""Write sample documents."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from articles.sample_documents import LAST_MOMENT, generate, generate_catalog


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = (
        "Write sample news documents into an empty folder, and their topics and providers into its"
        " _data. The same count, seed and --until always produce the same files."
    )
    # The command only writes files: the state of the site does not matter.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR", help="new or empty folder")
        parser.add_argument(
            "--count", type=int, default=300, metavar="N", help="how many documents (300)"
        )
        parser.add_argument(
            "--seed", type=int, default=1, metavar="S", help="another seed, other documents (1)"
        )
        parser.add_argument(
            "--until",
            type=_moment,
            default=LAST_MOMENT,
            metavar="TIME",
            help=f"no document is newer: 2026-10-31 or 2026-10-31T21:00Z, UTC ({LAST_MOMENT:%Y-%m-%dT%H:%MZ})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # call_command passes keyword arguments on as they are.
        directory = Path(options["directory"])
        try:
            documents = generate(options["count"], options["seed"], options["until"])
        except ValueError as error:
            raise CommandError(f"--{error}", returncode=2) from None
        if directory.exists() and not directory.is_dir():
            raise CommandError(f"{directory} is not a folder: name a new one", returncode=2)
        if directory.is_dir() and any(directory.iterdir()):
            message = f"{directory} is not empty: name a new folder, or empty this one"
            raise CommandError(message, returncode=2)
        try:
            for name, data in generate_catalog():
                path = directory / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            for name, data in documents:
                (directory / name).write_bytes(data)
        except OSError as error:
            raise CommandError(f"cannot write the documents: {error}") from error
        count = f"{options['count']:,} document{'' if options['count'] == 1 else 's'}"
        self.stdout.write(f"Wrote {count} and their topics and providers to {directory}.")

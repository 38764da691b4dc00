"""Write sample documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from articles.sample_documents import LAST_MOMENT, MAX_COUNT, generate, generate_catalog
from newsroom.commands import USAGE, ReportCommand, folder, moment, whole


class Command(ReportCommand):
    help = (
        "Write sample news documents into an empty folder, and their topics and providers into its"
        " _data. The same count, seed and --until always produce the same files."
    )
    # The command only writes files: the state of the site does not matter.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=folder, metavar="DIR", help="new or empty folder")
        parser.add_argument(
            "--count",
            type=whole(1, MAX_COUNT),
            default=300,
            metavar="N",
            help="how many documents (300)",
        )
        parser.add_argument(
            "--seed", type=int, default=1, metavar="S", help="another seed, other documents (1)"
        )
        parser.add_argument(
            "--until",
            type=moment,
            default=LAST_MOMENT,
            metavar="TIME",
            help=f"no newer documents: 2026-10-31 or 2026-10-31T21:00Z, UTC ({LAST_MOMENT:%Y-%m-%dT%H:%MZ})",
        )
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        directory: Path = options["directory"]
        try:
            documents = generate(options["count"], options["seed"], options["until"])
        except ValueError as error:
            raise CommandError(f"--{error}", returncode=USAGE) from None
        if directory.is_dir() and any(directory.iterdir()):
            message = f"{directory} is not empty: name a new folder, or empty this one"
            raise CommandError(message, returncode=USAGE)
        for name, data in generate_catalog():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        for name, data in documents:
            (directory / name).write_bytes(data)
        count = f"{options['count']:,} document{'' if options['count'] == 1 else 's'}"
        self.report(
            options,
            lambda: {"written": options["count"]},
            lambda: f"Wrote {count} and their topics and providers to {directory}.",
        )

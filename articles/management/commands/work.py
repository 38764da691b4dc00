"""Run the workers and the clock of background work."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from articles import worker
from articles.units import QUEUES
from newsroom.commands import ReportCommand, whole


class Command(ReportCommand):
    help = (
        "Fetch images, send webhooks and import uploads in the background, until Ctrl-C or "
        "SIGTERM. Keep it running next to the server, on one machine or on several."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--workers",
            type=whole(0),
            default=worker.WORKERS,
            metavar="N",
            help=f"number of workers ({worker.WORKERS}); 0 runs the clock alone",
        )
        parser.add_argument(
            "--queues",
            nargs="+",
            choices=QUEUES,
            default=list(QUEUES),
            help="work on these queues only",
        )
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        workers = options["workers"]
        # The most urgent first.
        queues = [name for name in QUEUES if name in options["queues"]]
        worker.work(workers, queues)
        if options["format"] == "json":
            self.report(options, lambda: {"workers": workers, "queues": queues}, str)

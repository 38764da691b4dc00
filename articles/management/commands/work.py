"""Run the background tasks."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from articles import worker
from articles.tasks import TASKS
from newsroom.commands import ReportCommand


class Command(ReportCommand):
    help = (
        "Fetch images, send webhooks and import uploads in the background, until Ctrl-C or "
        "SIGTERM. Keep it running next to the server. You can run several workers."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        names = [task.queue_name for task in TASKS]
        parser.add_argument("--only", choices=names, help="run this queue only, without the clock")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        chosen = [task for task in TASKS if task.queue_name == options["only"]]
        if chosen:
            worker.work_on(chosen[0])
        else:
            worker.work()
        if options["format"] == "json":
            queues = [task.queue_name for task in chosen or TASKS]
            self.report(options, lambda: {"queues": queues}, str)

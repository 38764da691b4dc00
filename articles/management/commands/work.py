"""Do in the background what is to be done there."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from articles import worker
from articles.tasks import TASKS


class Command(BaseCommand):
    help = (
        "Keep images and send web hooks in the background, until Ctrl-C or SIGTERM; let it run all "
        "the time, beside the server. Several may run, on several machines, too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        names = [task.queue_name for task in TASKS]
        parser.add_argument("--only", choices=names, help="one queue, without the clock")

    def handle(self, **options: Any) -> None:
        chosen = [task for task in TASKS if task.queue_name == options["only"]]
        if chosen:
            worker.work_on(chosen[0])
        else:
            worker.work()

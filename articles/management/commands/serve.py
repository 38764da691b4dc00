"""Serve the site with granian."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandParser

import newsroom
from newsroom import counters
from newsroom.commands import ReportCommand

THREADS: Final = 4
"""Threads for each process. Each keeps one connection to PostgreSQL, which usually allows 100."""
BACKLOG: Final = 2048
"""Connections that the system keeps waiting."""
LOGS: Final = Path(newsroom.__file__).with_name("server_logs.json")
"""How the server writes its own lines: like the site's."""


class Command(ReportCommand):
    help = (
        'Serve the site with granian, until Ctrl-C or SIGTERM. Needs the extra "server". '
        "A process that dies is replaced. Each thread has one connection to the database; requests "
        "wait for a free thread."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        cores = os.cpu_count() or 1
        parser.add_argument(
            "--workers", type=int, default=cores, help="number of processes (one for each core)"
        )
        parser.add_argument("--threads", type=int, default=THREADS, help="of each process")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        arguments = [
            *("--interface", "wsgi"),
            *("--host", options["host"], "--port", str(options["port"])),
            *("--workers", str(options["workers"])),
            *("--blocking-threads", str(options["threads"])),
            *("--backlog", str(BACKLOG)),
            "--respawn-failed-workers",
            # At shutdown, requests that take longer are aborted.
            *("--workers-kill-timeout", "20s"),
            *("--log-config", str(LOGS)),
            "--no-ws",
            "newsroom.wsgi:application",
        ]
        started = {name: options[name] for name in ("host", "port", "workers", "threads")}
        place = f"http://{options['host']}:{options['port']}/"
        self.report(options, lambda: started, lambda: f"Serving {place}")
        self.stdout.flush()
        if not os.environ.get(counters.FOLDER):
            os.environ[counters.FOLDER] = counters.make_folder()
        os.execv(sys.executable, [sys.executable, "-m", "granian", *arguments])  # noqa: S606

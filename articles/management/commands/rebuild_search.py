"""Rebuild the search index."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from articles.models import Article, Topic
from articles.newsdesk import search_index
from newsroom.commands import ReportCommand
from newsroom.interrupts import stop_on_signal
from providers.models import Provider


class Command(ReportCommand):
    help = (
        "Rebuild the search index: find out the words of every article, topic and provider again, "
        "and store those that differ. Only needed if check_newsroom says so."
    )

    def handle(self, **options: Any) -> None:
        read = renewed = 0
        # Count only for a progress bar, because counting reads the whole table.
        models = (Article, Topic, Provider) if sys.stderr.isatty() else ()
        total = sum(model._default_manager.count() for model in models) or None
        with stop_on_signal() as stopping, tqdm(total=total, unit="row", disable=None) as bar:
            for count, changed in search_index.rebuild():
                read, renewed = read + count, renewed + changed
                bar.update(count)
                if stopping.is_set():
                    break
        self.report(
            options,
            lambda: {"read": read, "renewed": renewed},
            lambda: f"{read:,} rows read, {renewed:,} renewed",
        )
        self.end_if_stopped(stopping.status, "Run again to finish.")

"""Apply the policy to the whole archive."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.db import transaction

from articles import heat
from articles.models import Article
from newsroom import bulk
from newsroom.commands import ReportCommand
from newsroom.interrupts import stop_on_signal


class Command(ReportCommand):
    help = (
        "Compare heat and published of every article with the policy, and correct the difference."
    )
    dry_run_help = "only list what would change"

    def handle(self, **options: Any) -> None:
        dry_run, is_json = options["dry_run"], options["format"] == "json"
        differences = heat.differences(Article.objects.filter(coverage_only=False))
        changed = []
        total = 0
        # Use chunks: a transaction for each article is slow, and one for a million blocks
        # everybody.
        with stop_on_signal() as stopping:
            while not stopping.is_set() and (chunk := list(islice(differences, heat.CHUNK))):
                total += len(chunk)
                if not dry_run:
                    with transaction.atomic():
                        # Decisions and policies made in the meantime are kept.
                        bulk.hold_write_lock()
                        heat.recompute(difference.article_id for difference in chunk)
                if is_json:
                    changed += [difference.as_json() for difference in chunk]
                else:
                    self.stdout.write("\n".join(map(str, chunk)))
        verb = "would change" if dry_run else "changed"
        self.report(
            options,
            lambda: {"dry_run": dry_run, "changed": total, "articles": changed},
            lambda: f"{total:,} articles {verb}",
        )
        self.end_if_stopped(stopping.status, "Run again to continue.")
        if dry_run and total:
            raise SystemExit(1)

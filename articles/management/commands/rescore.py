"""Apply the policy to the whole archive."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from articles import heat
from articles.models import Article
from newsroom import bulk


class Command(BaseCommand):
    help = "Compare every heat and published with what the policy gives, and set what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, **options: Any) -> None:
        dry_run, as_json = options["dry_run"], options["format"] == "json"
        differences = heat.differences(Article.objects.filter(coverage_only=False))
        changed = []
        total = 0
        # Chunks, so that an archive of a million is neither one transaction nor a million.
        while chunk := list(islice(differences, heat.CHUNK)):
            total += len(chunk)
            if not dry_run:
                with transaction.atomic():
                    # An act, or a new policy, that got in between stands.
                    bulk.hold_write_lock()
                    heat.recompute(difference.article_id for difference in chunk)
            if as_json:
                changed += [difference.as_json() for difference in chunk]
            else:
                self.stdout.write("\n".join(map(str, chunk)))
        if as_json:
            report = {"dry_run": dry_run, "changed": total, "articles": changed}
            self.stdout.write(json.dumps(report))
        else:
            self.stdout.write(f"{total:,} articles {'would change' if dry_run else 'changed'}")
        if dry_run and total:
            raise SystemExit(1)

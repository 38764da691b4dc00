"""Check the newsroom's integrity."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from articles.newsdesk import integrity


class Command(BaseCommand):
    help = "Find what may not be so: two leads, one-way relations, stale heat, dangling rows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, **options: Any) -> None:
        counts: Counter[str] = Counter()
        found = []
        for finding in integrity.findings():
            counts[finding.kind] += 1
            if options["format"] == "json":
                found.append(asdict(finding))
            else:
                self.stdout.write(f"{finding.kind}: {finding.slug} {finding.message}")
        if options["format"] == "json":
            self.stdout.write(json.dumps({"counts": counts, "findings": found}))
        elif counts:
            summary = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
            self.stdout.write(f"{counts.total():,} findings: {summary}")
        else:
            self.stdout.write("Nothing is wrong.")
        if counts:
            raise SystemExit(1)

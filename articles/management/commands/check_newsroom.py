"""Check data integrity."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from articles.newsdesk import integrity
from newsroom.commands import ReportCommand


class Command(ReportCommand):
    help = "Check data integrity: two leads, one-way relations, stale heat, dangling rows."

    def handle(self, **options: Any) -> None:
        counts: Counter[str] = Counter()
        found = []
        for finding in integrity.findings():
            counts[finding.kind] += 1
            if options["format"] == "json":
                found.append(asdict(finding))
            else:
                self.stdout.write(f"{finding.kind}: {finding.slug} {finding.message}")
        self.report(
            options, lambda: {"counts": counts, "findings": found}, lambda: _summary(counts)
        )
        if counts:
            raise SystemExit(1)


def _summary(counts: Counter[str]) -> str:
    if not counts:
        return "No problems found."
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    return f"{counts.total():,} findings: {kinds}"

"""Check data integrity."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from articles.newsdesk import integrity
from articles.newsdesk.integrity import Finding
from newsroom.commands import ReportCommand

NAMED: Final = 5
"""How many findings of each kind the text report lists."""


class Command(ReportCommand):
    help = (
        "Check data integrity. Errors mean that something is broken; notes are facts of the source "
        "that are worth a look. Each comes with what to do."
    )

    def handle(self, **options: Any) -> None:
        is_json = options["format"] == "json"
        counts: Counter[str] = Counter()
        kept: list[Finding] = []
        for finding in integrity.findings():
            counts[finding.kind] += 1
            if is_json or counts[finding.kind] <= NAMED:
                kept.append(finding)
        errors = [one for one in kept if one.is_error]
        notes = [one for one in kept if not one.is_error]
        self.report(
            options,
            lambda: {
                "errors": [one.as_json() for one in errors],
                "notes": [one.as_json() for one in notes],
            },
            lambda: _as_text([*errors, *notes], counts),
        )
        if errors:
            raise SystemExit(1)


def _as_text(kept: list[Finding], counts: Counter[str]) -> str:
    """Return what to do about each kind with its first findings, then the counts."""
    lines = []
    for kind in dict.fromkeys(one.kind for one in kept):
        group = [one for one in kept if one.kind == kind]
        word = "error" if group[0].is_error else "note"
        lines.append(f"{word}: {kind} ({counts[kind]:,}). {group[0].advice}")
        lines += [
            f"  {' '.join(filter(None, (one.slug, one.fact)))} ({one.admin_url})" for one in group
        ]
        if more := counts[kind] - len(group):
            lines.append(f"  and {more:,} more")
    errors = sum(count for kind, count in counts.items() if kind in integrity.ERRORS)
    notes = counts.total() - errors
    lines.append(f"{errors:,} {_of('error', errors)}, {notes:,} {_of('note', notes)}")
    return "\n".join(lines)


def _of(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"

"""Export news documents."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from articles.importing import export
from articles.importing.exported import Outcome
from articles.models import Article, FormerSlug
from newsroom.commands import USAGE, ReportCommand, folder, text
from newsroom.interrupts import stop_on_signal


class Command(ReportCommand):
    help = "Write one document per article: as it was imported, with the changes since then."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dir", type=folder, help="folder to write to; created if missing")
        parser.add_argument(
            "--slug", nargs="+", type=text, metavar="S", help="export only these articles"
        )
        parser.add_argument(
            "--published", action="store_true", help="export only published articles"
        )
        parser.add_argument(
            "--plain", action="store_true", help="leave out the desk block: what editors decided"
        )
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        target: Path = options["dir"]
        articles = Article.objects.filter(source_document__isnull=False)
        if options["published"]:
            articles = articles.published()
        if options["slug"]:
            slugs = FormerSlug.objects.followed(options["slug"])
            articles = articles.filter(slug__in=slugs)
            missing = set(slugs) - set(articles.values_list("slug", flat=True))
            if missing:
                names = ", ".join(sorted(missing))
                raise CommandError(f"There is no document to export for {names}.", returncode=USAGE)
        written = changed = 0
        outcome = Outcome()
        total = articles.count() if sys.stderr.isatty() else None
        with stop_on_signal() as stopping, tqdm(total=total, unit="document", disable=None) as bar:
            exporting = export.export(
                articles,
                target,
                plain=options["plain"],
                is_partial=bool(options["slug"]),
                outcome=outcome,
            )
            # When the export is stopped, put its folder in order at once.
            with closing(exporting):
                for _, is_changed in exporting:
                    written += 1
                    changed += is_changed
                    bar.update()
                    if stopping.is_set():
                        break
        self.report(
            options,
            lambda: {"written": written, "changed": changed, **asdict(outcome)},
            lambda: _in_words(written, changed, target, outcome),
        )
        self.end_if_stopped(stopping.status, "Written documents are complete; run again to finish.")


def _in_words(written: int, changed: int, target: Path, outcome: Outcome) -> str:
    lines = [f"{written:,} documents written to {target}, {changed:,} of them changed"]
    if outcome.removed:
        lines.append(f"{outcome.removed:,} files removed that no longer belong there")
    lines += [
        f"{name} no longer belongs there, but was changed since it was exported: it is left. Remove "
        "it, or move what you need elsewhere."
        for name in outcome.left
    ]
    return "\n".join(lines)

"""Export news documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from articles.importing import export
from articles.models import Article


class Command(BaseCommand):
    help = "Write one document per article: as it was imported, with the changes since then."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dir", type=Path, help="folder to write to; created if missing")
        parser.add_argument("--slug", nargs="+", metavar="S", help="export only these articles")
        parser.add_argument(
            "--published", action="store_true", help="export only published articles"
        )

    def handle(self, **options: Any) -> None:
        folder = Path(options["dir"])
        if folder.exists() and not folder.is_dir():
            raise CommandError(f"{folder} is not a folder: choose another one.", returncode=2)
        articles = Article.objects.filter(source_document__isnull=False)
        if options["published"]:
            articles = articles.published()
        if options["slug"]:
            articles = articles.filter(slug__in=options["slug"])
            missing = set(options["slug"]) - set(articles.values_list("slug", flat=True))
            if missing:
                names = ", ".join(sorted(missing))
                raise CommandError(f"There is no document to export for {names}.", returncode=2)
        written = changed = 0
        with tqdm(total=articles.count(), unit="document", disable=None) as bar:
            for _, is_changed in export.export(articles, folder):
                written += 1
                changed += is_changed
                bar.update()
        self.stdout.write(f"{written:,} documents written to {folder}, {changed:,} of them changed")

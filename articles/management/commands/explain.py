"""Say why an article has its heat."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from articles import newsdesk
from articles.models import Article


class Command(BaseCommand):
    help = "Say why articles stand where they stand: their heat, and who decided above the rule."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="+", metavar="SLUG", help="as in the article's address")

    def handle(self, **options: Any) -> None:
        slugs = options["slug"]
        articles = Article.objects.select_related("decided_by").in_bulk(slugs, field_name="slug")
        for slug in slugs:
            if slug not in articles:
                raise CommandError(f"no article has the slug {slug}", returncode=2)
            words = newsdesk.explain(articles[slug])
            self.stdout.write(words if len(slugs) == 1 else f"{slug}: {words}")

"""Explain the heat of articles."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from articles import newsdesk
from articles.models import Article


class Command(BaseCommand):
    help = "Explain the heat of articles, and any editor's decision that overrides the rule."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "slug", nargs="+", metavar="SLUG", help="the article's slug, as in its URL"
        )

    def handle(self, **options: Any) -> None:
        slugs = options["slug"]
        articles = Article.objects.select_related("decided_by").in_bulk(slugs, field_name="slug")
        for slug in slugs:
            if slug not in articles:
                raise CommandError(f"There is no article with the slug {slug}.", returncode=2)
            words = newsdesk.explain(articles[slug])
            self.stdout.write(words if len(slugs) == 1 else f"{slug}: {words}")

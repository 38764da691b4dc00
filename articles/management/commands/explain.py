"""Explain the heat of articles."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from articles import newsdesk
from articles.models import Article, FormerSlug
from newsroom.commands import USAGE, ReportCommand, text


class Command(ReportCommand):
    help = "Explain the heat of articles, and any editor's decision that overrides the rule."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "slug",
            nargs="+",
            type=text,
            metavar="SLUG",
            help="the article's slug, as in its URL; a former one works as well",
        )
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        slugs = FormerSlug.objects.followed(options["slug"])
        articles = Article.objects.select_related("decided_by").in_bulk(slugs, field_name="slug")
        for slug in slugs:
            if slug not in articles:
                raise CommandError(f"There is no article with the slug {slug}.", returncode=USAGE)
        explained = {slug: newsdesk.explain(articles[slug]) for slug in slugs}
        self.report(
            options,
            lambda: {"articles": [{"slug": one, "why": why} for one, why in explained.items()]},
            lambda: _as_text(explained),
        )


def _as_text(explained: dict[str, str]) -> str:
    is_alone = len(explained) == 1
    return "\n".join(why if is_alone else f"{slug}: {why}" for slug, why in explained.items())

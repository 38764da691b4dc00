"""Suggest coverage, duplicates and a quality for articles."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from articles import suggestions
from articles.models import Article, FormerSlug, Pair, Unsuggested
from articles.suggestions import SuggestedQuality, Suggestion
from newsroom.commands import USAGE, ReportCommand, text, whole
from newsroom.interrupts import stop_on_signal

CHUNK: Final = 200
"""Articles whose suggestions are read at once."""


class Command(ReportCommand):
    help = (
        "Suggest articles that report the same event, and duplicates, best first, with the reasons. "
        "Without slugs: for all articles except those known only from a link. Computes first what is "
        "due."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "slug",
            nargs="*",
            type=text,
            metavar="SLUG",
            help="the article's slug, as in its URL; a former one works as well",
        )
        parser.add_argument(
            "--limit", type=whole(1), default=5, metavar="N", help="how many for each article (5)"
        )
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        slugs = FormerSlug.objects.followed(options["slug"])
        self._check(slugs)
        with stop_on_signal() as stopping:
            total = Unsuggested.objects.count() if sys.stderr.isatty() else None
            with tqdm(total=total, unit="article", disable=None) as bar:
                while not stopping.is_set() and (
                    done := suggestions.catch_up(stopping.is_set, CHUNK)
                ):
                    bar.update(done)
            as_lines = _as_json if options["format"] == "json" else _as_text
            for some in _chunks(slugs):
                if stopping.is_set():
                    break
                for line in _found(some, options["limit"]):
                    self.stdout.write(as_lines(*line))
        self.end_if_stopped(stopping.status, "What was computed is kept. Run again to continue.")

    def _check(self, slugs: Sequence[str]) -> None:
        known = set(Article.objects.filter(slug__any_of=slugs).values_list("slug", flat=True))
        for slug in slugs:
            if slug not in known:
                raise CommandError(f"There is no article with the slug {slug}.", returncode=USAGE)


def _chunks(slugs: Sequence[str]) -> Iterator[list[Article]]:
    """Yield these articles, or all that are not known only from a link, in the order of their slugs."""
    if slugs:
        found = Article.objects.in_bulk(slugs, field_name="slug")
        rows: Iterable[Article] = (found[slug] for slug in slugs)
    else:
        every = Article.objects.filter(coverage_only=False).only("slug", "title")
        rows = every.order_by("slug").iterator(CHUNK)
    rows = iter(rows)
    while some := list(islice(rows, CHUNK)):
        yield some


_Line = tuple[Article, list[Suggestion], list[Suggestion], SuggestedQuality | None]


def _found(articles: list[Article], limit: int) -> Iterator[_Line]:
    related, duplicates = (
        suggestions.for_articles(
            articles, limit=limit, kind=kind, least=suggestions.LEAST_SCORE, include_linked=True
        )
        for kind in (Pair.Kind.EVENT, Pair.Kind.DUPLICATE)
    )
    qualities = suggestions.suggested_quality(articles)
    for article in articles:
        pk = article.pk
        yield article, related[pk], duplicates[pk], qualities.get(pk)


def _as_json(
    article: Article,
    related: Iterable[Suggestion],
    duplicates: Iterable[Suggestion],
    quality: SuggestedQuality | None,
) -> str:
    return json.dumps(
        {
            "slug": article.slug,
            "related": [
                {"slug": one.other.slug, "score": round(one.pair.score, 3), "why": one.why}
                for one in related
            ],
            "duplicates": [{"slug": one.other.slug, "why": one.why} for one in duplicates],
            "quality": asdict(quality) if quality else None,
        }
    )


def _as_text(
    article: Article,
    related: Iterable[Suggestion],
    duplicates: Iterable[Suggestion],
    quality: SuggestedQuality | None,
) -> str:
    lines = [f"{article.slug}: {article.headline}"]
    for name, found in (("same event?", related), ("duplicate?", duplicates)):
        lines += [f"  {name} {one.other.slug}: {'; '.join(one.why)}" for one in found]
    if quality:
        lines.append(f"  quality? {quality.value}: {', '.join(quality.why)}")
    return "\n".join(lines)

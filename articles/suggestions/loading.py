"""Load what suggestions come from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final

from django.db.models import F
from django.db.models.functions import Left

from articles.models import Article, Image, Pair
from articles.suggestions.reports import Report
from newsroom.stored_words import without_stems
from newsroom.words import words

FEW: Final = 4
"""A picture that more articles have, such as a logo, says nothing."""
LONGEST: Final = 300
"""Words of a text that are compared."""
_LONGEST_TEXT: Final = 4_000
"""Characters of a text that are read."""


def reports(articles: Collection[int]) -> dict[int, Report]:
    """Return what is compared of articles, by their primary keys. Two queries."""
    pictures: dict[int, set[str]] = defaultdict(set)
    images = Image.objects.filter(article__any_of=articles).order_by()
    for pk, url in images.values_list("article_id", "url"):
        pictures[pk].add(url)
    rows = Article.objects.filter(pk__any_of=articles).order_by()
    columns = ("pk", "title", "published_at", "title_words")
    found = rows.values(
        *columns,
        text=Left("excerpt", _LONGEST_TEXT),
        text_words=Left("excerpt_words", _LONGEST_TEXT),
        reuses_titles=F("provider__reuses_titles"),
    )
    return {
        row["pk"]: Report(
            row["title"],
            row["text"],
            _split(row["title_words"], row["title"]),
            _split(row["text_words"], row["text"]),
            row["published_at"],
            frozenset(pictures[row["pk"]]),
            bool(row["reuses_titles"]),
        )
        for row in found
    }


def _split(stored: str | None, text: str) -> tuple[str, ...]:
    # Null if a former version wrote the row.
    found = words(text) if stored is None else without_stems(stored).split()
    return tuple(found[:LONGEST])


def partners(articles: Collection[int]) -> dict[int, set[int]]:
    """Return the articles that each may share an event with, as far as stored. One query."""
    pairs = Pair.objects.of(sorted(articles)).open().filter(kind=Pair.Kind.EVENT)
    found: dict[int, set[int]] = defaultdict(set)
    for first, second in pairs.values_list("first", "second"):
        found[first].add(second)
        found[second].add(first)
    return found


def rare_pictures(reports: Mapping[int, Report]) -> dict[str, list[int]]:
    """Return the articles with each picture that some but few articles have. One query for each."""
    found: dict[str, list[int]] = {}
    for url in sorted({url for report in reports.values() for url in report.pictures}):
        sharing = Image.objects.at([url]).order_by().values_list("article_id", flat=True)
        few = [*sharing.distinct()[: FEW + 1]]
        if 1 < len(few) <= FEW:
            found[url] = few
    return found

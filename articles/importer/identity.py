"""Which article a document is, and which slug it gets.

An article is known by its slug and URL, or by its file as long as one of the two is the same. A
related entry is known by its URL alone. None of this depends on the order of import.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from articles import bulk
from articles.models import Article


@dataclass(slots=True, eq=False)
class Row:
    """What an import needs to know of an article in the database or about to be.

    ``pk`` is 0 for one that is about to be; ``path`` and ``digest`` are its document's, if any.
    """

    pk: int
    slug: str
    stem: str
    url: str
    published_at: datetime
    coverage_only: bool = False
    path: str | None = None
    digest: str | None = None

    @property
    def order(self) -> tuple[bool, datetime, str]:
        """Sorts first what a shared slug or URL belongs to: documents, then by time."""
        return (self.coverage_only, self.published_at, self.url)


_COLUMNS = (
    "pk",
    "slug",
    "stem",
    "url",
    "published_at",
    "coverage_only",
    "source_document__path",
    "source_document__digest",
)


class Directory:
    """The articles that a batch has to do with, found by URL and by stem."""

    def __init__(self, urls: Iterable[str], stems: Iterable[str]) -> None:
        """Load those that have one of ``urls`` or ``stems``. Three queries."""
        self._by_url: dict[str, list[Row]] = defaultdict(list)
        self._by_stem: dict[str, list[Row]] = defaultdict(list)
        self._by_pk: dict[int, Row] = {}
        self._load(Article.objects.filter(url__in=list(urls)))
        stems = list(stems)
        # Most slugs are their stems; the few others have an index of their own.
        self._load(Article.objects.filter(slug__in=stems))
        self._load(Article.objects.filter(~Q(slug=F("stem")), stem__in=stems))

    def _load(self, articles: QuerySet[Article]) -> None:
        for values in articles.values_list(*_COLUMNS):
            if values[0] not in self._by_pk:
                row = self._by_pk[values[0]] = Row(*values)
                self.add(row)

    def get(self, pk: int) -> Row:
        """Give the article of a primary key, loading it where needed."""
        if pk not in self._by_pk:
            self._load(Article.objects.filter(pk=pk))
        return self._by_pk[pk]

    def load_families(self, stems: Iterable[str]) -> None:
        """Load all articles that ask for one of ``stems``. Reads the whole table: for the rare."""
        self._load(Article.objects.filter(stem__in=list(stems)))

    def add(self, row: Row) -> None:
        """Put in a new article."""
        self._by_url[row.url].append(row)
        self._by_stem[row.stem].append(row)

    def move(self, row: Row, *, url: str, stem: str) -> None:
        """Note that an article has another URL or stem now."""
        self._by_url[row.url].remove(row)
        self._by_stem[row.stem].remove(row)
        row.url, row.stem = url, stem
        self.add(row)

    def match(self, path: str, stem: str, url: str) -> Row | None:
        """Find the article that a document is, a coverage-only one of its URL included."""
        same_url = self._by_url.get(url, [])
        same_stem = self._by_stem.get(stem, [])
        for row in (*same_stem, *same_url):
            if row.path == path and not row.coverage_only:
                return row
        for row in same_stem:
            if row.url == url and not row.coverage_only:
                return row
        return next((row for row in same_url if row.coverage_only), None)

    def at(self, url: str) -> list[Row]:
        """Give the articles of a URL, the one that links go to first."""
        rows = self._by_url.get(url, [])
        return rows if len(rows) < 2 else sorted(rows, key=_link_order)

    def family(self, stem: str) -> list[Row]:
        """Give the articles that ask for one slug, the one that gets it first."""
        return sorted(self._by_stem.get(stem, []), key=lambda row: row.order)


def _link_order(row: Row) -> tuple[Any, ...]:
    return (row.coverage_only, row.published_at, row.slug)


def settle_slugs(directory: Directory, stems: Iterable[str]) -> list[Row]:
    """Give every article of these stems its slug; returns those that did not get their stem.

    Of several articles that ask for one slug the document published first gets it, the next one
    ``-2`` and so on, whatever came first: so any order of import gives the same addresses. A number
    that is another article's own stem is skipped. Writes the slugs that change in the database;
    those of new rows are free afterward.
    """
    wanted = [
        stem
        for stem in dict.fromkeys(stems)
        if (family := directory.family(stem)) and (len(family) > 1 or family[0].slug != stem)
    ]
    if not wanted:
        return []
    # An article of another stem may hold a slug that is now asked for by name: its family settles
    # again too.
    holders = Article.objects.filter(slug__in=wanted).exclude(stem__in=wanted)
    others = list(holders.values_list("stem", flat=True))
    if others:
        directory.load_families(others)
    moved: list[Row] = []
    numbered: list[Row] = []
    for stem in dict.fromkeys((*wanted, *others)):
        for row, slug in zip(directory.family(stem), _numbered(stem, wanted), strict=False):
            if row.slug != slug:
                row.slug = slug
                moved += [row] if row.pk else []
                numbered += [row] if slug != stem else []
    # Two steps, because slugs are unique and may change places.
    bulk.update(Article, ("slug",), [(f"moving {row.pk}", row.pk) for row in moved])
    bulk.update(Article, ("slug",), [(row.slug, row.pk) for row in moved])
    return numbered


def _numbered(stem: str, wanted: list[str]) -> Iterator[str]:
    yield stem
    number = 2
    while True:
        slug = f"{stem}-{number}"
        if slug not in wanted and not Article.objects.filter(slug=slug, stem=slug).exists():
            yield slug
        number += 1

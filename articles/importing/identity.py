"""Find the article of a document, and choose its slug.

A document belongs to the article with its slug and URL. If only one of the two matches, it belongs
to the article that came from the same file. A related entry belongs to the article with its URL.
None of this depends on the order of import.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Final

from django.db.models import F, Q, QuerySet

from articles.models import Article
from newsroom import bulk

_NUMBERED: Final = re.compile(r"(.+)-(?:[2-9]|[1-9]\d+)\Z", re.ASCII)


@dataclass(slots=True, eq=False)
class Row:
    """What an import needs to know about an article, stored or new.

    ``pk`` is 0 for a new one. ``path`` and ``digest`` belong to its document, if it has one.
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
        """The order in which articles get a requested slug: documents first, then by time."""
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
    """The articles that a batch may touch, by URL and by stem."""

    def __init__(self, urls: Iterable[str], stems: Iterable[str]) -> None:
        """Load the articles with any of ``urls`` or ``stems``. Three queries."""
        self._by_url: dict[str, list[Row]] = defaultdict(list)
        self._by_stem: dict[str, list[Row]] = defaultdict(list)
        self._by_pk: dict[int, Row] = {}
        self._loaded_stems: set[str] = set()
        self._unsettled: dict[str, None] = {}
        self.load_urls(urls)
        self.load_stems(stems)

    def _load(self, articles: QuerySet[Article]) -> None:
        for values in articles.order_by().values_list(*_COLUMNS):
            if values[0] not in self._by_pk:
                row = self._by_pk[values[0]] = Row(*values)
                self._by_url[row.url].append(row)
                self._by_stem[row.stem].append(row)

    def load_urls(self, urls: Iterable[str]) -> None:
        """Load all articles with any of ``urls``. One query."""
        self._load(Article.objects.filter(url__any_of=urls))

    def load_stems(self, stems: Iterable[str]) -> None:
        """Load all articles that request one of ``stems``, with two queries if any are new."""
        missing = [stem for stem in dict.fromkeys(stems) if stem not in self._loaded_stems]
        if missing:
            self._loaded_stems.update(missing)
            # Most slugs equal their stems; the few others have a separate index.
            self._load(Article.objects.filter(slug__any_of=missing))
            self._load(Article.objects.filter(~Q(slug=F("stem")), stem__any_of=missing))

    def get_all(self, pks: Collection[int]) -> list[Row]:
        """Return the articles with these primary keys; needs at most one query."""
        if missing := [pk for pk in pks if pk not in self._by_pk]:
            self._load(Article.objects.filter(pk__any_of=missing))
        return [self._by_pk[pk] for pk in pks if pk in self._by_pk]

    def add(self, row: Row) -> None:
        self._by_url[row.url].append(row)
        self._by_stem[row.stem].append(row)
        self._unsettled[row.stem] = None

    def move(self, row: Row, *, url: str, stem: str) -> None:
        """Change an article's URL and stem; also call this when its time has changed."""
        self.remove(row)
        row.url, row.stem = url, stem
        self.add(row)

    def remove(self, row: Row) -> None:
        self._by_url[row.url].remove(row)
        self._by_stem[row.stem].remove(row)
        self._unsettled[row.stem] = None

    def take_unsettled(self) -> list[str]:
        """Return the stems that gained or lost an article since the last call."""
        stems = [stem for stem in self._unsettled if stem]
        self._unsettled.clear()
        return stems

    def match(self, path: str, stem: str, url: str) -> Row | None:
        """Return the article of a document; it may be a coverage-only article with the same URL."""
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
        """Return the articles with a URL; links go to the first."""
        rows = self._by_url.get(url, [])
        # Not by slug: a later document may take it, and the links would have to move.
        return sorted(rows, key=lambda row: (row.coverage_only, row.published_at, row.stem))

    def family(self, stem: str) -> list[Row]:
        """Return the articles that request a slug; the first one gets it."""
        return sorted(self._by_stem.get(stem, []), key=lambda row: row.order)


def settle_slugs(directory: Directory) -> list[Row]:
    """Set the slugs of the rows whose stem gained or lost an article; return the changed rows.

    If several articles ask for a slug, the document published first gets it, the next one gets
    ``-2`` and so on, so any order of import gives the same URLs. A number is skipped if a document
    requests that slug. This does not write to the database: see ``write_slugs``.
    """
    stems = directory.take_unsettled()
    if not stems:
        return []
    # A document named "a-2" takes that number from documents named "a", or frees it.
    parents = {match[1] for match in map(_NUMBERED.match, stems) if match}
    numbered = Article.objects.filter(~Q(slug=F("stem")), stem__in=parents.difference(stems))
    stems += sorted(set(numbered.values_list("stem", flat=True))) if parents else []
    directory.load_stems(stems)
    families = {stem: directory.family(stem) for stem in stems}
    directory.load_stems(
        f"{stem}-{number}"
        for stem, family in families.items()
        for number in range(2, len(family) + 1)
    )
    changed = []
    for stem, family in families.items():
        for row, slug in zip(family, _slugs(directory, stem), strict=False):
            if row.slug != slug:
                row.slug = slug
                changed.append(row)
    return changed


def write_slugs(moved: Iterable[Row], dropped: Iterable[Row] = ()) -> None:
    """Write the slugs of existing articles; ``dropped`` rows free theirs."""
    moved = tuple(moved)
    # Write in two steps, because slugs are unique and articles may swap them.
    freed = [(f"moving {row.pk}", row.pk) for row in (*moved, *dropped)]
    bulk.update(Article, ("slug",), freed)
    bulk.update(Article, ("slug",), [(row.slug, row.pk) for row in moved])


def _slugs(directory: Directory, stem: str) -> Iterator[str]:
    yield stem
    for number in count(2):
        slug = f"{stem}-{number}"
        directory.load_stems([slug])
        if not directory.family(slug):
            yield slug

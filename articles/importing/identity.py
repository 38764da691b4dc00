"""The articles that a batch may touch, and the slugs that they get.

An article is known by the path of its document and by the address key of its URL. A slug belongs to
the article that had it first. Within one run, the document that was published first gets it,
whatever the order of the files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Final

from django.db.models import F, Q, QuerySet

from articles.models import Article, Change, FormerAddress, FormerSlug, SourceDocument
from newsroom import bulk

_NUMBERED: Final = re.compile(r"(.+)-(?:[2-9]|[1-9]\d+)\Z", re.ASCII)


@dataclass(slots=True, eq=False)
class Row:
    """What an import needs to know about an article, stored or new.

    ``pk`` is 0 for a new one. ``path``, ``digest``, ``run`` (the last that wrote it) and
    ``created_by`` belong to its document, if it has one. ``takes_slug`` is set for an article that
    gets the slug of another stem in this batch. ``former_keys`` are the loaded ones.
    """

    pk: int
    slug: str
    stem: str
    key: str
    url: str
    provider: str
    published_at: datetime
    coverage_only: bool = False
    path: str | None = None
    digest: str | None = None
    run: int | None = None
    created_by: int | None = None
    version: int = 1
    takes_slug: bool = False
    former_keys: list[str] = field(default_factory=list)

    @property
    def order(self) -> tuple[datetime, str, str]:
        """The order in which the documents of a run get slugs."""
        return (self.published_at, self.url, self.path or "")


_COLUMNS = (
    "pk",
    "slug",
    "stem",
    "address_key",
    "url",
    "provider__domain",
    "published_at",
    "coverage_only",
    "source_document__path",
    "source_document__digest",
    "source_document__run",
    "source_document__created_by",
    "version",
)


class Directory:
    """The articles that a batch of ``run`` may touch, by address key, path, slug and stem."""

    def __init__(
        self, run: int, keys: Iterable[str], paths: Iterable[str], stems: Iterable[str]
    ) -> None:
        """Load the articles with any of these. Six queries."""
        self.run = run
        self._by_key: dict[str, list[Row]] = defaultdict(list)
        self._by_former_key: dict[str, list[Row]] = defaultdict(list)
        self._by_path: dict[str, list[Row]] = defaultdict(list)
        self._by_stem: dict[str, list[Row]] = defaultdict(list)
        self._by_slug: dict[str, Row] = {}
        self._by_pk: dict[int, Row] = {}
        self._former_slugs: dict[str, tuple[int | None, str]] = {}
        self._loaded_stems: set[str] = set()
        self._unsettled: dict[str, None] = {}
        self._load_keys(dict.fromkeys(keys))
        if paths := set(paths):
            self.get_all(SourceDocument.objects.at(paths).values_list("article", flat=True))
        self.load_stems(stems)

    def _load_keys(self, keys: Collection[str]) -> None:
        self._load(Article.objects.filter(address_key__any_of=keys))
        former = FormerAddress.objects.filter(address_key__any_of=keys)
        former_keys = list(former.values_list("article", "address_key"))
        rows = {row.pk: row for row in self.get_all([pk for pk, _ in former_keys])}
        for pk, key in former_keys:
            rows[pk].former_keys.append(key)
            self._by_former_key[key].append(rows[pk])

    def _load(self, articles: QuerySet[Article]) -> None:
        for values in articles.order_by().values_list(*_COLUMNS):
            if values[0] not in self._by_pk:
                row = self._by_pk[values[0]] = Row(*values)
                self._index(row)
                self._by_slug[row.slug] = row

    def load_stems(self, stems: Iterable[str]) -> None:
        """Load the articles that have or requested these slugs; three queries if any are new."""
        missing = {stem: None for stem in stems if stem not in self._loaded_stems}
        if missing:
            self._loaded_stems.update(missing)
            # Most slugs equal their stems; the few others have a separate index.
            self._load(Article.objects.filter(slug__any_of=missing))
            self._load(Article.objects.filter(~Q(slug=F("stem")), stem__any_of=missing))
            former = FormerSlug.objects.filter(slug__any_of=missing)
            for slug, article, key in former.values_list("slug", "article", "address_key"):
                self._former_slugs[slug] = (article, key)

    def get_all(self, pks: Iterable[int]) -> list[Row]:
        """Return the articles with these primary keys; needs at most one query."""
        pks = list(pks)
        if missing := {pk: None for pk in pks if pk not in self._by_pk}:
            self._load(Article.objects.filter(pk__any_of=missing))
        return [self._by_pk[pk] for pk in pks if pk in self._by_pk]

    def _index(self, row: Row) -> None:
        self._by_key[row.key].append(row)
        self._by_stem[row.stem].append(row)
        if row.path:
            self._by_path[row.path].append(row)

    def add(self, row: Row) -> None:
        """Add a new article, or add a changed one back after ``remove``."""
        self._index(row)
        self._unsettled[row.stem] = None

    def remove(self, row: Row) -> None:
        self._by_key[row.key].remove(row)
        self._by_stem[row.stem].remove(row)
        if row.path:
            self._by_path[row.path].remove(row)
        self._unsettled[row.stem] = None

    def move(self, row: Row, **values: Any) -> None:
        """Change the path, address key or slug of an article."""
        self.remove(row)
        for name, value in values.items():
            setattr(row, name, value)
        self.add(row)

    def take_unsettled(self) -> list[str]:
        """Return the stems that gained or lost an article since the last call."""
        stems = [stem for stem in self._unsettled if stem]
        self._unsettled.clear()
        return stems

    def at_path(self, path: str) -> list[Row]:
        """Return the articles of documents with this path; several if they lie in several folders."""
        return list(self._by_path.get(path, ()))

    def at(self, key: str) -> list[Row]:
        """Return the articles with this address key: first those that have it now, then those that
        had it before. Links go to the first."""
        now = list(self._by_key.get(key, ()))
        if len(now) > 1:
            # Not by slug, which may depend on the order of the runs.
            now.sort(key=lambda row: (row.coverage_only, row.published_at, row.stem, row.url))
        if former := self._by_former_key.get(key):
            now += [row for row in former if row not in now]
        return now

    def having(self, key: str) -> list[Row]:
        """Return the articles that have an address key now, in the order of ``at``."""
        return [row for row in self.at(key) if row.key == key]

    def forget_key(self, row: Row) -> None:
        """Make an article's address key a former one."""
        row.former_keys.append(row.key)
        self._by_former_key[row.key].append(row)

    def target(self, key: str, linked: Collection[Row]) -> Row | None:
        """Return the article to which a related entry links, of those that are not linked yet.

        The namer itself counts as linked.
        """
        return next((row for row in self.at(key) if row not in linked), None)

    def family(self, stem: str) -> list[Row]:
        """Return the articles with this stem whose slug may still change, by precedence."""
        rows = (row for row in self._by_stem.get(stem, ()) if self.is_free(row))
        return sorted(rows, key=lambda row: row.order)

    def holder(self, slug: str) -> Row | None:
        """Return the article that had a slug at the time of loading."""
        return self._by_slug.get(slug)

    def is_free(self, row: Row) -> bool:
        """Whether the slug of an article may still change."""
        return row.takes_slug or self._is_of_run(row)

    def _is_of_run(self, row: Row) -> bool:
        """Whether an article is new in this run: nobody knows its slug."""
        return row.created_by == self.run and not row.coverage_only

    def may_have(self, row: Row, slug: str) -> bool:
        """Whether no other article has or had a slug, except those that are new in this run."""
        self.load_stems([slug])
        holder = self._by_slug.get(slug)
        if holder is not None and holder is not row and not self._is_of_run(holder):
            return False
        if slug not in self._former_slugs:
            return True
        article, key = self._former_slugs[slug]
        if article == row.pk:
            return True
        # Articles may share an address. If they were removed, the first to return holds the slugs
        # of all of them until the others return.
        return key == row.key and all(
            map(self._is_of_run, self.get_all([article] if article else []))
        )


def settle_slugs(directory: Directory) -> list[Row]:
    """Set the slugs that may still change. Return the articles whose slug changed.

    If several articles request a slug, the one published first gets it, the next one gets ``-2``
    and so on. A number is skipped if a document of the same run requests that slug. This does not
    write to the database: see ``write_slugs``.
    """
    stems = directory.take_unsettled()
    if not stems:
        return []
    # A document named "a-2" takes the number 2 from documents named "a", or frees it.
    parents = {match[1] for match in map(_NUMBERED.match, stems) if match}.difference(stems)
    if parents:
        directory.load_stems(parents)
        stems += sorted(stem for stem in parents if directory.family(stem))
    directory.load_stems(stems)
    families = {stem: directory.family(stem) for stem in stems}
    directory.load_stems(
        f"{stem}-{number}"
        for stem, family in families.items()
        for number in range(2, len(family) + 1)
    )
    changed = []
    for stem, family in families.items():
        given: set[str] = set()
        for row in family:
            slug = _slug_of(row, stem, given, directory)
            given.add(slug)
            if row.slug != slug:
                row.slug = slug
                changed.append(row)
    return changed


def _slug_of(row: Row, stem: str, given: Collection[str], directory: Directory) -> str:
    slugs = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    return next(
        slug
        for slug in slugs
        if slug not in given
        and directory.may_have(row, slug)
        and (slug == stem or not directory.family(slug))
    )


def must_leave_first(changed: Iterable[Row], directory: Directory) -> bool:
    """Return whether an article gets a slug that another one gives up at the same time."""
    leaving = set(changed)
    holders = ((row, directory.holder(row.slug)) for row in leaving)
    return any(holder is not row and holder in leaving for row, holder in holders)


def write_slugs(
    moved: Sequence[Row],
    former: Mapping[str, Row],
    run: int,
    *,
    filled: Collection[Row],
    leave_first: bool,
) -> None:
    """Write the slugs of existing articles; ``former`` are those that redirect from now on.

    An article of this ``run`` was never known under another slug. Those of ``filled`` articles are
    written with their contents. ``leave_first`` is what ``must_leave_first`` returned.
    """
    if not moved:
        return
    of_run = {row.pk: row.slug for row in moved if row.created_by == run}
    unnamed = Article.objects.filter(pk__any_of=list(of_run), first_slug=F("slug"))
    first = [(of_run[pk], pk) for pk in unnamed.values_list("pk", flat=True)]
    bulk.update(Article, ("first_slug",), first)
    if leave_first:
        # Slugs are unique, and articles may swap them.
        steps = [(f"moving {row.pk}", row.pk) for row in moved]
        bulk.update(Article, ("slug",), steps)
        bulk.update(Article, ("slug",), [(row.slug, row.pk) for row in moved])
        Change.objects.filter(slug__in=[step for step, _ in steps]).delete()
    else:
        bulk.update(Article, ("slug",), [(row.slug, row.pk) for row in moved if row not in filled])
    FormerSlug.objects.remember({slug: (row.pk, row.key) for slug, row in former.items()})


def settle_former_slugs(taken: Iterable[Row], new: Iterable[Row]) -> None:
    """Delete former slugs that their articles have again, and move those of removed articles to
    articles that have returned.

    ``taken`` have a new slug, ``new`` are new articles. Slugs of removed articles stay reserved
    even after their articles have them again; otherwise an older document of the same run would get
    them.
    """
    have = {row.slug: row.pk for row in taken}
    former = FormerSlug.objects.filter(slug__any_of=list(have)).exclude(article=None)
    leads = dict(former.values_list("slug", "article"))
    again = [slug for slug, pk in leads.items() if pk == have[slug]]
    FormerSlug.objects.filter(slug__any_of=again).delete()
    back = {row.key: row.pk for row in new}
    left = FormerSlug.objects.filter(article=None, address_key__any_of=list(back))
    found = dict(left.values_list("slug", "address_key"))
    # Several articles may share an address: each keeps its own slug.
    holders = Article.objects.filter(slug__any_of=list(found)) if found else Article.objects.none()
    owners = {slug: back[key] for slug, key in found.items()}
    owners |= dict(holders.values_list("slug", "pk"))
    owners |= {slug: have[slug] for slug, pk in leads.items() if pk != have[slug]}
    for slug, pk in owners.items():
        FormerSlug.objects.filter(slug=slug).update(article=pk)

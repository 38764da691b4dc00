"""The stories of a list, as plain values.

Instances of models would take most of the time of a page. A ``Story`` has the attributes of an
``Article`` that templates of lists use.

Each process keeps the stories that it loaded, and the cards that it rendered from them. A story is
found again by the number of its last change (``articles/tracking/change_feed.py``), which grows with
everything that its card shows. So after a write only the stories that it changed are loaded again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db.models import F, OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils.safestring import SafeString

from articles import scoring
from articles.models import Article, ArticleTopic, Change, Image, StoredImage
from articles.models.article_queryset import ArticleQuerySet, possible_coverage
from newsroom.plain_text import decoded
from newsroom.prepared import Prepared
from newsroom.web_url import is_web_url

MOST: Final = 1_000
"""The most stories that a process keeps."""


class Name(NamedTuple):
    """A topic."""

    name: str
    slug: str


class Supplier(NamedTuple):
    """A provider."""

    name: str
    domain: str


class Picture(NamedTuple):
    stored: StoredImage
    title: str


@dataclass(slots=True, eq=False)
class Report:
    slug: str
    type: str
    headline: str
    url: str
    published_at: datetime
    provider: Supplier

    @property
    def source_url(self) -> str:
        """The URL of the original; empty if it is not http(s)."""
        return self.url if is_web_url(self.url) else ""

    def get_absolute_url(self) -> str:
        return reverse("articles:article", args=[self.slug])


@dataclass(slots=True, eq=False)
class Story(Report):
    """A published report, or one behind a published lead."""

    summary: str
    published: bool
    address: str
    """Its path on this site."""
    shown_topics: list[Name] = field(default_factory=list)
    picture: Picture | None = None
    coverage: list[Report] = field(default_factory=list)
    shown_under: Report | None = None
    """The lead of a report behind one."""
    until: datetime | None = None
    """When a schedule or date next changes its coverage."""
    cards: dict[tuple[Any, ...], SafeString] = field(default_factory=dict)
    """Its rendered cards, see ``articles/templatetags/cards.py``."""

    def get_absolute_url(self) -> str:
        return self.address


class Row(NamedTuple):
    """A story's place in a list, and its own columns."""

    pk: int
    slug: str
    type: str
    title: str
    excerpt: str
    url: str
    published_at: datetime
    provider_name: str
    provider_domain: str
    published: bool
    quality: int | None
    is_pinned: bool
    top_rank: float
    last_change: str | None


_kept: dict[tuple[int, str | None], Story] = {}


def rows(articles: ArticleQuerySet, *more: str) -> QuerySet[Article, Any]:
    """Return what ``Row`` has, and the columns ``more``, of each article."""
    found = articles.annotate(
        provider_name=F("provider__name"),
        provider_domain=F("provider__domain"),
        last_change=last_change(),
    )
    return found.values_list(*Row._fields, *more, named=True)


def last_change() -> Subquery:
    """Return what names the last change of an article; null if the change feed has none.

    The time tells it from a change with the same number before a backup was restored.
    """
    parts = (Cast(name, TextField()) for name in ("sequence", "noted_at"))
    change = Change.objects.filter(slug=OuterRef("slug"))
    return Subquery(change.values(named=Concat(*parts)))


def stories(listed: Iterable[Row], at: datetime) -> list[Story]:
    """Return the stories of some rows at ``at``. Three queries, or none if all were kept."""
    listed = list(listed)
    shown = {row.pk: story for row in listed if (story := _known(row, at))}
    missing = [row for row in listed if row.pk not in shown]
    if missing:
        shown |= _load(missing, at)
        # The change feed does not know reports behind a lead.
        _keep(
            {
                (row.pk, row.last_change): shown[row.pk]
                for row in missing
                if row.published and row.last_change
            }
        )
    return [shown[row.pk] for row in listed]


def _known(row: Row, at: datetime) -> Story | None:
    story = _kept.get((row.pk, row.last_change))
    return story if story and (story.until is None or at < story.until) else None


def _keep(loaded: dict[tuple[int, str | None], Story]) -> None:
    if settings.DEBUG:
        # Templates are being edited.
        return
    if len(_kept) + len(loaded) > MOST:
        _kept.clear()
    _kept.update(loaded)


_STORED: Final = ("digest", "color", "placeholder", "renditions", "focal_x", "focal_y")
_topics: Final = Prepared(
    lambda _at, keys: (
        ArticleTopic.objects.filter(article__any_of=keys)
        .order_by("position")
        .values_list("article_id", "topic__name", "topic__slug")
    )
)
_images: Final = Prepared(
    lambda _at, keys: (
        Image.objects.filter(article__any_of=keys, stored__isnull=False)
        .order_by("position")
        .values_list("article_id", "url", "title", *(f"stored__{name}" for name in _STORED))
    )
)


class _Link(NamedTuple):
    """A report in the coverage of a story, at any time."""

    article: int
    slug: str
    type: str
    title: str
    url: str
    published_at: datetime
    provider_name: str
    provider_domain: str
    published: bool
    quality: int | None
    is_pinned: bool
    publish_from: datetime | None
    publish_until: datetime | None


_links: Final = Prepared(
    lambda _at, keys: (
        possible_coverage()
        .filter(article__any_of=keys)
        .values_list(
            "article_id",
            *(f"target__{name}" for name in ("slug", "type", "title", "url", "published_at")),
            "target__provider__name",
            "target__provider__domain",
            *(f"target__{name}" for name in ("published", "quality", "is_pinned")),
            "target__publish_from",
            "target__publish_until",
        )
    )
)


def _load(listed: Sequence[Row], at: datetime) -> dict[int, Story]:
    """Load stories by key. Three queries."""
    by_key = {row.pk: row for row in listed}
    loaded = {row.pk: _story(row) for row in listed}
    keys = list(loaded)
    for article, name, slug in _topics.rows(at, keys):
        loaded[article].shown_topics.append(Name(name, slug))
    for article, url, title, *stored in _images.rows(at, keys):
        story = loaded[article]
        if story.picture is None and is_web_url(url):
            shown = StoredImage(**dict(zip(_STORED, stored, strict=True)))
            story.picture = Picture(shown, title or "")
    for link in map(_Link._make, _links.rows(at, keys)):
        _add(loaded[link.article], link, by_key[link.article], at)
    return loaded


def _add(story: Story, link: _Link, row: Row, at: datetime) -> None:
    """Add a report to the coverage of a story, if its time does not hide it at ``at``."""
    times = (link.published_at, link.publish_from, link.publish_until)
    changes = (scoring.opens_at(*times[:2]), link.publish_until)
    following = [moment for moment in (story.until, *changes) if moment and moment > at]
    story.until = min(following, default=None)
    if scoring.absence_in_time(*times, at):
        return
    report = Report(*_reported(link))
    story.coverage.append(report)
    may_lead = link.published and not (story.published or story.shown_under)
    if may_lead and _contender(link).outranks(_contender(row)):
        story.shown_under = report


def _story(row: Row) -> Story:
    address = reverse("articles:article", args=[row.slug])
    return Story(*_reported(row), decoded(row.excerpt).strip(), row.published, address)


def _reported(row: Row | _Link) -> tuple[str, str, str, str, datetime, Supplier]:
    provider = Supplier(row.provider_name, row.provider_domain)
    return row.slug, row.type, decoded(row.title), row.url, row.published_at, provider


def _contender(row: Row | _Link) -> scoring.Contender:
    return scoring.Contender(row.slug, row.published_at, row.quality, is_pinned=row.is_pinned)

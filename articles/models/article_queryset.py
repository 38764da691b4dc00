"""Querysets of articles: what is public, and what lists and pages load."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self

from django.db import connections, models
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest
from django.db.models.lookups import IsNull

from articles import scoring, search
from articles.models.act import Act, ActChange
from articles.models.change import Change
from articles.models.image import Image
from articles.models.related import Related
from articles.models.topic import ArticleTopic, Topic
from newsroom import database_clock
from newsroom.stored_words import WordsQuerySet

if TYPE_CHECKING:
    from articles.models.article import Article


class ArticleQuerySet(WordsQuerySet["Article"]):
    """Articles, with the only definition of what is public and of what lists load."""

    def published(self, at: datetime | None = None) -> Self:
        """Keep the articles that readers may see at ``at`` (default: now).

        The rule or an editor published them, they are within their schedule, and their own date is
        not in the future. Coverage-only, held and withdrawn articles are excluded.
        ``Article.is_published`` does the same for one article.
        """
        return self.filter(_in_time(at), published=True)

    def reachable(self, at: datetime | None = None) -> Self:
        """Keep articles whose URL works: published, or superseded by a published lead.

        The pages of topics and providers show a superseded article below its lead, so that no
        report disappears from them.
        """
        superseded = Q(_in_time(at), standing=self.model.State.SUPERSEDED)
        leads = Related.objects.filter(
            _in_time(at, "target__"),
            _outranks_outer(),
            article=OuterRef("pk"),
            target__published=True,
        )
        return self.filter(Q(_in_time(at), published=True) | superseded & Q(Exists(leads)))

    def called(self, slug: str) -> Self:
        """Keep the article that has or had ``slug``."""
        return self.filter(search.has_slug(slug))

    def withdrawn_from_readers(self, slug: str) -> Self:
        """Keep the article that has or had ``slug`` and was withdrawn after readers saw it.

        Its URLs answer 410.
        """
        seen = ActChange.objects.filter(
            Q(article__publish_from=None) | Q(article__publish_from__lte=F("act__at")),
            article__published_at__lte=F("act__at") + scoring.GRACE,
            article=OuterRef("pk"),
            act__verb=Act.Verb.WITHDRAW,
            published_before=True,
        )
        return self.called(slug).filter(Exists(seen), decision=self.model.Decision.WITHDRAW)

    def of_topic(self, topic: Topic) -> Self:
        """Keep the articles of ``topic``. Its index is ordered by the time ``filed_at``."""
        about = self.filter(topic_links__topic=topic)
        return about.annotate(filed_at=F("topic_links__published_at"))

    def coverage(self, at: datetime | None = None) -> Self:
        """Keep articles that may be shown as coverage: not held or withdrawn, and within their time.

        A published lead also shows coverage below the threshold, unless an editor's decision
        forbids it.
        """
        return self.filter(_in_time(at)).exclude(_decided_out())

    def in_state(self, state: str, at: datetime | None = None) -> Self:
        """Keep the articles whose ``Article.state_at(at)`` is ``state``. Raise ValueError."""
        at = at or database_clock.now()
        match state:
            case self.model.State.PUBLISHED:
                # The same as published(at), but by the column whose index is ordered by time.
                return self.filter(_in_time(at), standing=state)
            case self.model.State.SCHEDULED:
                return self._scheduled(at)
            case self.model.State.EXPIRED:
                timed = self.model.objects.filter(publish_until__lte=at)
            case _ if state in self.model.State.values:
                return self.filter(standing=state)
            case _:
                raise ValueError(f"no state of an article: {state!r}")
        # Filter by key. Otherwise SQLite would read all published articles to find these few.
        return self.filter(pk__in=timed.values("pk"), published=True)

    def _scheduled(self, at: datetime) -> Self:
        """Keep published articles that readers see later, with ``opens_at``, when that will be."""
        embargoed = self.model.objects.filter(publish_from__gt=at)
        dated = self.model.objects.filter(published_at__gt=at + scoring.GRACE)
        # Filter by key. Otherwise SQLite would read all published articles to find these few. Use a
        # union, because PostgreSQL would also read them for a single condition.
        later = embargoed.order_by().values("pk").union(dated.order_by().values("pk"))
        not_over = Q(publish_until=None) | Q(publish_until__gt=at)
        opens = F("published_at") - scoring.GRACE
        return self.filter(not_over, pk__in=later, published=True).annotate(
            opens_at=Greatest(Coalesce("publish_from", opens), opens)
        )

    def search(self, text: str, *, is_typing: bool = True) -> Self:
        """Keep articles with the words of ``text`` in headline, excerpt or names.

        Supports "phrases", -exclusions, and an article's URL or slug: see ``articles.search``.
        Never raises; blank text keeps everything. With ``is_typing`` the last word may be
        incomplete. Sets no order. On SQLite this runs one query immediately, to find out whether
        the words are common.
        """
        return self.filter(search.condition(text, connections[self.db], is_typing=is_typing))

    def with_story_size(self, at: datetime | None = None) -> Self:
        """Add ``story_size``, the number of related articles that count for the bonus.

        Use it only for a page of a list.
        """
        counted = Related.objects.filter(in_sight(at, "target__"), article=OuterRef("pk"))
        sizes = counted.order_by().values("article").values_list(Count("pk"))
        return self.annotate(
            story_size=Coalesce(Subquery(sizes, output_field=IntegerField()), Value(0))
        )

    def beside(self, article: Article) -> Self:
        """Keep the articles that ``article`` links to or that link to it.

        Runs one query immediately and filters by their keys, because PostgreSQL would read every
        article for a single condition.
        """
        named = article.related_links.order_by().values_list("target")
        naming = article.named_by_links.order_by().values_list("article")
        return self.filter(pk__any_of=[pk for (pk,) in named.union(naming)])

    def newest_first(self) -> Self:
        return self.order_by("-published_at", "slug")

    def by_rank(self) -> Self:
        """Order by rank in a story, like ``scoring.Contender.rank``: best first, unscored last."""
        return self.order_by(*_rank_order())

    def lead_of(self, slug: str, at: datetime | None = None) -> Article | None:
        """Return the ``Article.lead`` of the superseded article ``slug``. At most two queries.

        Return None if the article does not exist, is not superseded, or is hidden by a decision or
        its schedule.
        """
        superseded = self.coverage(at).filter(slug=slug, heat=scoring.SUPERSEDED_HEAT).first()
        return superseded.lead(at) if superseded else None

    def with_last_change(self) -> Self:
        """Add ``changed_for_readers_at``, which ``Article.updated_for_readers()`` requires."""
        return self.annotate(changed_for_readers_at=_last_change())

    def moved_from(self, slug: str, at: datetime | None = None) -> Article | None:
        """Return the article that had ``slug`` before, if its URL works now. At most three queries."""
        moved = self.filter(former_slugs__slug=slug).first()
        if moved and (moved.is_published(at) or self.lead_of(moved.slug, at)):
            return moved
        return None

    def for_page(self, at: datetime | None = None, *, reports_change: bool = False) -> Self:
        """Load what an article's page shows: provider, topics, images and coverage by rank.

        Three more queries for any number of articles. For topics, provider and coverage it loads
        only what readers see; every access to another column costs a query.
        ``reports_change`` adds ``changed_for_readers_at`` to the links to the coverage.
        """
        coverage = (
            possible_coverage()
            .filter(_in_time(at, "target__"))
            .select_related("target__provider")
            .only("article", *_of("target", _LISTED), *_of("target__provider", _SUPPLIER))
        )
        if reports_change:
            change = {"changed_for_readers_at": _last_change("target__")}
            coverage = coverage.annotate(**change)
        topics = ArticleTopic.objects.select_related("topic").only(
            "article", *_of("topic", ("name", "slug", "short_name", "parent"))
        )
        return (
            self.select_related("provider")
            .defer(*_of("provider", ("description", "notes", "source")))
            .prefetch_related(
                Prefetch("topic_links", topics),
                Prefetch("images", Image.objects.select_related("stored")),
                Prefetch("related_links", coverage, to_attr="coverage_links"),
            )
        )

    def for_list(self, at: datetime | None = None) -> Self:
        """Load what a card shows: like ``for_page()``, but without body and featured content."""
        return self.for_page(at).only(*_LISTED, "excerpt", "locale", *_of("provider", _SUPPLIER))

    def for_story(self, at: datetime | None = None) -> Self:
        """Load what a story's page shows: like ``for_page()``, plus logo and last change."""
        return self.for_page(at).select_related("provider__kept_logo__stored").with_last_change()

    def for_feed(self, at: datetime | None = None) -> Self:
        """Load what a story's feed shows: like ``for_page()``, plus all last changes."""
        return self.for_page(at, reports_change=True).with_last_change()

    def for_items(self, at: datetime | None = None) -> Self:
        """Load what the API lists: like ``for_page()``, but without the longest texts."""
        return self.for_page(at).defer("body", "featured_content")

    def for_mention(self, *more: str) -> Self:
        """Load what a link to an article shows: headline, provider, time; and ``more`` columns."""
        shown = ("slug", "title", "type", "published_at", "provider__name", "provider__domain")
        return self.select_related("provider").only(*shown, *more)


# The columns that lists show, and those that decide whether and where an article is shown.
_LISTED: Final = (
    "slug",
    "first_slug",
    "type",
    "title",
    "web_url",
    "original_url",
    "url",
    "published_at",
    # Also loaded for coverage: feeds find the last change by these three times.
    "updated_at",
    "created_at",
    "quality",
    "heat",
    "published",
    "coverage_only",
    "is_pinned",
    "decision",
    "decision_until",
    "publish_from",
    "publish_until",
    "top_rank",
    "provider",
)
_SUPPLIER: Final = ("name", "domain")


def _of(relation: str, names: Iterable[str]) -> list[str]:
    return [f"{relation}__{name}" for name in names]


def or_least(name: str) -> Func:
    """Return an expression to order by heat or quality, with articles that have none last.

    PostgreSQL would put them first. The number is part of the SQL so that SQLite uses the index.
    """
    least = "COALESCE(%(expressions)s, -2)"
    return Func(F(name), template=least, output_field=models.SmallIntegerField())


def _last_change(prefix: str = "") -> Coalesce:
    """Return when an article last changed for readers, or null.

    The change feed has articles that are or were published. Readers see everything of a
    coverage-only article, so every later write counts.
    """
    noted = Change.objects.filter(slug=OuterRef(f"{prefix}slug")).values("changed_at")
    written = Case(
        When(
            Q(
                (f"{prefix}coverage_only", True),
                (f"{prefix}changed_at__gt", F(f"{prefix}created_at")),
            ),
            then=F(f"{prefix}changed_at"),
        )
    )
    return Coalesce(Subquery(noted), written)


def possible_coverage() -> models.QuerySet[Related]:
    """Return the links to reports that readers may see now or at another time, by rank."""
    return Related.objects.exclude(_decided_out("target__")).order_by(*_rank_order("target__"))


def in_sight(at: datetime | None = None, prefix: str = "") -> Q:
    """Return whether neither a decision nor its time hides an article at ``at``.

    Only such articles lead, supersede and count for the bonus. ``scoring.Contender.absence`` is the
    same for one article.
    """
    at = at or database_clock.now()
    # Not null, so that the condition can be negated.
    ends = Q((f"{prefix}decision_until__isnull", False))
    is_over = ends & Q((f"{prefix}decision_until__lte", at))
    return _in_time(at, prefix) & (~_decided_out(prefix) | is_over)


def _in_time(at: datetime | None, prefix: str = "") -> Q:
    """Return whether its time does not hide an article, like ``scoring.absence_in_time``."""
    at = at or database_clock.now()
    dated = Q((f"{prefix}published_at__lte", at + scoring.GRACE))
    begun = Q((f"{prefix}publish_from", None)) | Q((f"{prefix}publish_from__lte", at))
    ends = Q((f"{prefix}publish_until", None)) | Q((f"{prefix}publish_until__gt", at))
    return dated & begun & ends


def _decided_out(prefix: str = "") -> Q:
    out = [scoring.Decision.HOLD.value, scoring.Decision.WITHDRAW.value]
    return Q((f"{prefix}decision__in", out))


def _outranks_outer() -> Q:
    """Return whether the target of a link outranks the outer article, like ``Article.outranks``.

    Use this only for published targets of superseded articles: both are scored and not excluded.
    """
    outranks = Q()
    for name, better in reversed(_RANK.items()):
        tied = Q(outranks, (f"target__{name}", OuterRef(name))) if outranks else Q()
        outranks = Q((f"target__{name}__{better}", OuterRef(name))) | tied
    return Q(outranks, target__quality__isnull=False)


def _rank_order(prefix: str = "") -> list[Any]:
    columns = [f"{'-' if better == 'gt' else ''}{prefix}{name}" for name, better in _RANK.items()]
    return [IsNull(F(f"{prefix}quality"), True).asc(), *columns]


# The order of scoring.Contender.rank for scored articles: which value of each column is better.
_RANK: Final = {"is_pinned": "gt", "quality": "gt", "published_at": "lt", "slug": "lt"}

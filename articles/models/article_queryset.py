"""Which articles are published, and what lists and pages load of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self

from django.db import connections, models
from django.db.models import (
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
)
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull
from django.utils import timezone

from articles import scoring, search
from articles.models.act import Act, ActChange
from articles.models.image import Image
from articles.models.related import Related
from articles.models.topic import ArticleTopic, Topic

if TYPE_CHECKING:
    from articles.models.article import Article


class ArticleQuerySet(models.QuerySet["Article"]):
    """The one definition of what is public, and what lists load."""

    def published(self, at: datetime | None = None) -> Self:
        """Keep what readers may see at the moment ``at`` (default: now).

        That is what the rule or an editor published, within its schedule. Excludes coverage-only
        articles, held and withdrawn ones. ``Article.is_published`` says the same of one article.
        """
        return self.filter(_in_time(at), published=True)

    def reachable(self, at: datetime | None = None) -> Self:
        """Keep what an address of its own leads to: published, or superseded by a published lead.

        The lists of topics and providers show the latter as coverage of its lead, so that no
        report vanishes from the pages of who wrote it and what it is about.
        """
        superseded = Q(_in_time(at), standing=self.model.State.SUPERSEDED)
        leads = Related.objects.filter(
            _in_time(at, "target__"),
            _outranks_outer(),
            article=OuterRef("pk"),
            target__published=True,
        )
        return self.filter(Q(_in_time(at), published=True) | superseded & Q(Exists(leads)))

    def withdrawn_from_readers(self) -> Self:
        """Keep what was withdrawn after readers had seen it: its address says that it is gone.

        What was withdrawn unseen is nobody's business.
        """
        seen = ActChange.objects.filter(
            Q(article__publish_from=None) | Q(article__publish_from__lte=F("act__at")),
            article=OuterRef("pk"),
            act__verb=Act.Verb.WITHDRAW,
            published_before=True,
        )
        return self.filter(Exists(seen), decision=self.model.Decision.WITHDRAW)

    def of_topic(self, topic: Topic) -> Self:
        """Keep what is about ``topic``; ``filed_at`` is the time that its index orders by."""
        about = self.filter(topic_links__topic=topic)
        return about.annotate(filed_at=F("topic_links__published_at"))

    def coverage(self, at: datetime | None = None) -> Self:
        """Keep what a published story may show as coverage: not held, withdrawn or out of time.

        A published lead names its coverage in public, so being below the threshold does not hide
        it; an editor's decision does.
        """
        return self.filter(_in_time(at)).exclude(_decided_out())

    def in_state(self, state: str, at: datetime | None = None) -> Self:
        """Keep the articles that ``Article.state_at`` would give this state at ``at``."""
        at = at or timezone.now()
        match state:
            case self.model.State.PUBLISHED:
                # As published(at), by the column that has an index in the order of time.
                return self.filter(_in_time(at), standing=state)
            case self.model.State.SCHEDULED:
                timed = self.model.objects.filter(publish_from__gt=at)
            case self.model.State.EXPIRED:
                timed = self.model.objects.filter(publish_until__lte=at)
            case _ if state in self.model.State.values:
                return self.filter(standing=state)
            case _:
                raise ValueError(f"no state of an article: {state!r}")
        # By key, or SQLite would read all that is published, in order, to find these few.
        return self.filter(pk__in=timed.values("pk"), published=True)

    def search(self, text: str, *, is_typing: bool = True) -> Self:
        """Keep what has the words of ``text`` in headline, excerpt or names; see ``articles.search``.

        Understands "phrases", -without, and an article's address or slug. Never raises; blank text
        keeps everything. While somebody ``is_typing`` the last word is taken for a beginning. Gives
        no order. One query at once on SQLite: whether the words are common.
        """
        return self.filter(search.condition(text, connections[self.db], is_typing=is_typing))

    def with_story_size(self, at: datetime | None = None) -> Self:
        """Count in ``story_size`` the related that count for the bonus; a look-up an article.

        For a page of a list, not for all there are.
        """
        at = at or timezone.now()
        over = Q(target__decision_until__lte=at)
        counted = Related.objects.filter(~_decided_out("target__") | over, article=OuterRef("pk"))
        sizes = counted.order_by().values("article").values_list(Count("pk"))
        return self.annotate(
            story_size=Coalesce(Subquery(sizes, output_field=IntegerField()), Value(0))
        )

    def beside(self, article: Article) -> Self:
        """Keep what ``article`` names as coverage and what names it. One query at once.

        By their keys: asked for in one condition PostgreSQL would look at every article.
        """
        named = article.related_links.order_by().values_list("target")
        naming = article.named_by_links.order_by().values_list("article")
        return self.filter(pk__any_of=[pk for (pk,) in named.union(naming)])

    def newest_first(self) -> Self:
        """Order newest first, then by slug."""
        return self.order_by("-published_at", "slug")

    def by_rank(self) -> Self:
        """Order as the scoring rule ranks a story: best first, unscored last."""
        return self.order_by(*_rank_order())

    def lead_of(self, slug: str, at: datetime | None = None) -> Article | None:
        """Find whose page stands for the superseded article ``slug``, see ``Article.lead``.

        None, too, where there is no such article, it is not superseded, or an editor's decision or
        its schedule keeps it from readers. Two queries at most.
        """
        superseded = self.coverage(at).filter(slug=slug, heat=scoring.SUPERSEDED_HEAT).first()
        return superseded.lead(at) if superseded else None

    def for_page(self, at: datetime | None = None) -> Self:
        """Load what an article's page shows: provider, topics, images and coverage by rank.

        Three queries more than the articles themselves, however many there are. Of topics, provider
        and coverage only what readers see; anything else costs a query each time it is read.
        """
        coverage = (
            Related.objects.filter(_in_time(at, "target__"))
            .exclude(_decided_out("target__"))
            .order_by(*_rank_order("target__"))
            .select_related("target__provider")
            .only("article", *_of("target", _LISTED), *_of("target__provider", _SUPPLIER))
        )
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
        """Load what a card of a list shows: as ``for_page()``, but of each column of an article only
        what lists show: no body, no featured content."""
        return self.for_page(at).only(*_LISTED, "excerpt", *_of("provider", _SUPPLIER))

    def for_story(self, at: datetime | None = None) -> Self:
        """Load what a story's page shows: as ``for_page()``, with the provider's logo."""
        return self.for_page(at).select_related("provider__kept_logo__stored")

    def for_items(self, at: datetime | None = None) -> Self:
        """Load what a list of the API gives: as ``for_page()``, without the longest texts."""
        return self.for_page(at).defer("body", "featured_content")

    def for_mention(self) -> Self:
        """Load what a line that leads to an article shows: headline, provider, time."""
        return self.select_related("provider").only(
            "slug", "title", "type", "published_at", "provider__name", "provider__domain"
        )


# What lists show of an article, and what tells whether and where they show it.
_LISTED: Final = (
    "slug",
    "type",
    "title",
    "web_url",
    "original_url",
    "url",
    "published_at",
    # Of coverage, too: by these three times feeds tell when something changed last.
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
    """Return heat or quality, for an order: an article without one comes behind all others.

    PostgreSQL would put it first. The number stands in the text, as SQLite finds an index by it.
    """
    least = "COALESCE(%(expressions)s, -2)"
    return Func(F(name), template=least, output_field=models.SmallIntegerField())


def _in_time(at: datetime | None, prefix: str = "") -> Q:
    at = at or timezone.now()
    begun = Q((f"{prefix}publish_from", None)) | Q((f"{prefix}publish_from__lte", at))
    return begun & (Q((f"{prefix}publish_until", None)) | Q((f"{prefix}publish_until__gt", at)))


def _decided_out(prefix: str = "") -> Q:
    out = [scoring.Decision.HOLD.value, scoring.Decision.WITHDRAW.value]
    return Q((f"{prefix}decision__in", out))


def _outranks_outer() -> Q:
    """Whether the target of a link outranks the article outside, as ``Article.outranks`` has it.

    For a published target of a superseded article: both are scored, neither is decided out.
    """
    pinned, quality, published_at = map(OuterRef, ("is_pinned", "quality", "published_at"))
    by_time = Q(target__published_at__lt=published_at) | Q(
        target__published_at=published_at, target__slug__lt=OuterRef("slug")
    )
    by_quality = Q(target__quality__gt=quality) | Q(by_time, target__quality=quality)
    by_rank = Q(target__is_pinned__gt=pinned) | Q(by_quality, target__is_pinned=pinned)
    return Q(by_rank, target__quality__isnull=False)


def _rank_order(prefix: str = "") -> list[Any]:
    # As scoring.Contender.outranks() has it; unscored ones, which outrank nobody, come last.
    return [
        IsNull(F(f"{prefix}quality"), True).asc(),
        f"-{prefix}is_pinned",
        f"-{prefix}quality",
        f"{prefix}published_at",
        f"{prefix}slug",
    ]

"""Articles, and which of them are published."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Prefetch, Q, Value
from django.db.models.functions import Coalesce, NullIf
from django.urls import reverse
from django.utils import timezone

from articles import scoring
from articles.documents import MAX_QUALITY
from articles.models.image import Image
from articles.models.related import Related
from articles.models.topic import ArticleTopic, Topic
from providers.models import Provider


class ArticleQuerySet(models.QuerySet["Article"]):
    """The one definition of what is public, and what lists load."""

    def published(self, at: datetime | None = None) -> Self:
        """Keep what readers may see at the moment ``at`` (default: now).

        That is what the rule or an editor published, within its schedule. Excludes coverage-only
        articles, held and withdrawn ones. ``Article.is_published`` says the same of one article.
        """
        at = at or timezone.now()
        return self.filter(
            Q(publish_from=None) | Q(publish_from__lte=at),
            Q(publish_until=None) | Q(publish_until__gt=at),
            published=True,
        )

    def coverage(self, at: datetime | None = None) -> Self:
        """Keep what a published story may show as coverage: not held, withdrawn or out of time.

        A published lead names its coverage in public, so being below the threshold does not hide
        it; an editor's decision does.
        """
        at = at or timezone.now()
        return self.filter(
            Q(publish_from=None) | Q(publish_from__lte=at),
            Q(publish_until=None) | Q(publish_until__gt=at),
        ).exclude(decision__in=[Article.Decision.HOLD, Article.Decision.WITHDRAW])

    def latest(self) -> Self:
        """Order newest first, then by slug."""
        return self.order_by("-published_at", "slug")

    def for_list(self, at: datetime | None = None) -> Self:
        """Load what a card of a list shows: provider, topics, images and coverage.

        Four queries more than the list itself, however long it is.
        """
        coverage = Related.objects.filter(target__in=Article.objects.coverage(at))
        return self.select_related("provider").prefetch_related(
            Prefetch("topic_links", ArticleTopic.objects.select_related("topic")),
            "images",
            Prefetch(
                "related_links",
                coverage.select_related("target__provider"),
                to_attr="coverage_links",
            ),
        )


class Article(models.Model):
    """One report, from a document, by hand, or known only as coverage of another."""

    class Type(models.TextChoices):
        ARTICLE = "article", "article"
        VIDEO = "video", "video"

    class Decision(models.TextChoices):
        """What an editor decided above the rule; the values are ``scoring.Decision``'s."""

        NONE = scoring.Decision.NONE.value, "by the rule"
        PUBLISH = scoring.Decision.PUBLISH.value, "published by an editor"
        HOLD = scoring.Decision.HOLD.value, "held by an editor"
        WITHDRAW = scoring.Decision.WITHDRAW.value, "withdrawn"

    slug = models.CharField(
        max_length=255, unique=True, help_text="Its part of the address: date and headline."
    )
    stem = models.CharField(
        max_length=240,
        editable=False,
        help_text="The slug that its document asks for; differs where another had it first.",
    )
    coverage_only = models.BooleanField(
        default=False,
        help_text="Known only because others name it: shown as coverage, never by itself.",
    )
    category = models.CharField(max_length=1000, blank=True)
    type = models.CharField(max_length=10, choices=Type, default=Type.ARTICLE)
    title = models.CharField(max_length=1000)
    excerpt = models.TextField(blank=True)
    body = models.TextField(blank=True)
    featured_content = models.TextField(
        blank=True, help_text="Raw HTML of others, such as a video's frame. Never shown as it is."
    )
    locale = models.CharField(max_length=16, default="en-us")
    original_url = models.URLField("original URL", max_length=2000, blank=True)
    web_url = models.URLField("web URL", max_length=2000, blank=True)
    amp_url = models.URLField("AMP URL", max_length=2000, blank=True)
    cdn_amp_url = models.URLField("AMP URL at a CDN", max_length=2000, blank=True)
    url = models.GeneratedField(
        expression=Coalesce(NullIf(F("web_url"), Value("")), F("original_url")),
        output_field=models.URLField(max_length=2000),
        db_persist=True,
        help_text="What other documents name it by: the web URL, for a video the original one.",
    )
    published_at = models.DateTimeField(help_text="When its provider published it.")
    updated_at = models.DateTimeField(
        null=True, blank=True, help_text="When its provider last changed it."
    )
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="articles")
    topics = models.ManyToManyField(Topic, through=ArticleTopic, related_name="articles")
    related = models.ManyToManyField(
        "self", through=Related, symmetrical=False, related_name="named_by"
    )

    quality = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="How good the report is, in heat points; around 50 is ordinary, empty is not "
        "scored yet.",
    )
    heat = models.SmallIntegerField(
        null=True,
        blank=True,
        help_text="Quality plus the bonus for coverage; -1 where better coverage leads.",
    )
    published = models.BooleanField(
        default=False, help_text="What the rule, or an editor above it, came to."
    )
    heat_is_given = models.BooleanField(
        default=False,
        editable=False,
        help_text="Heat and published stand as the document gave them.",
    )
    top_rank = models.FloatField(
        default=0, editable=False, help_text="Place on the front page: heat that cools with age."
    )
    is_pinned = models.BooleanField(
        "pinned as lead", default=False, help_text="Leads its story whatever the qualities."
    )
    decision = models.CharField(max_length=10, choices=Decision, default=Decision.NONE, blank=True)
    decision_reason = models.TextField(blank=True)
    decision_until = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    publish_from = models.DateTimeField(null=True, blank=True, help_text="Embargo: not before.")
    publish_until = models.DateTimeField(null=True, blank=True, help_text="Expires then.")

    version = models.PositiveIntegerField(
        default=1, editable=False, help_text="Goes up with every change, to notice lost updates."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["-published_at", "slug"]
        indexes = [
            # How a related entry, or another document of the same URL, finds it.
            models.Index(fields=["url"], name="article_url"),
            # The admin's list.
            models.Index(fields=["-published_at", "slug"], name="article_newest"),
            # Latest and Top: only what is published, so that drafts cost readers nothing.
            models.Index(
                fields=["-published_at", "slug"],
                condition=Q(published=True),
                name="article_latest",
            ),
            models.Index(fields=["-top_rank"], condition=Q(published=True), name="article_top"),
            # The few whose slug another had first: the importer looks up their family.
            models.Index(fields=["stem"], condition=~Q(slug=F("stem")), name="article_slug_taken"),
        ]
        constraints = [
            models.CheckConstraint(
                name="article_quality_in_range",
                condition=Q(quality=None) | Q(quality__gte=0, quality__lte=MAX_QUALITY),
            ),
            models.CheckConstraint(
                name="article_heat_goes_with_quality",
                condition=Q(coverage_only=True, heat=None, published=False)
                | Q(coverage_only=False, quality=None, heat=None)
                | Q(
                    coverage_only=False,
                    quality__isnull=False,
                    heat__gte=scoring.SUPERSEDED_HEAT,
                ),
            ),
            models.CheckConstraint(
                name="article_out_is_not_published",
                condition=Q(published=False) | ~Q(decision__in=["hold", "withdraw"]),
            ),
            models.CheckConstraint(
                name="article_has_a_url", condition=~Q(web_url="", original_url="")
            ),
            models.CheckConstraint(
                name="article_schedule_in_order",
                condition=Q(publish_from=None)
                | Q(publish_until=None)
                | Q(publish_from__lt=F("publish_until")),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Give the article's public page."""
        return reverse("articles:article", args=[self.slug])

    def is_published(self, at: datetime | None = None) -> bool:
        """Whether readers may see it at the moment ``at``; twin of ``published()``."""
        at = at or timezone.now()
        return (
            self.published
            and (self.publish_from is None or self.publish_from <= at)
            and (self.publish_until is None or self.publish_until > at)
        )

    @property
    def is_superseded(self) -> bool:
        """Whether better coverage leads."""
        return self.heat == scoring.SUPERSEDED_HEAT

    @property
    def lead_image(self) -> Image | None:
        """The first image; uses what ``for_list()`` loaded."""
        return next(iter(self.images.all()), None)

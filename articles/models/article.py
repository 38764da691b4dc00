"""Articles: single reports and their state."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from articles import scoring
from articles.documents import MAX_KEY, MAX_QUALITY, address_key
from articles.models.article_queryset import ArticleQuerySet, or_least
from articles.models.image import Image
from articles.models.related import Related
from articles.models.topic import ArticleTopic, Topic
from articles.roles import ARTICLE_PERMISSIONS
from newsroom import database_clock
from newsroom.plain_text import decoded
from newsroom.stored_words import WithWords, WordsField
from newsroom.web_url import is_web_url
from providers.models import Provider

_STATES: Final = (
    ("coverage_only", True, "coverage_only"),
    ("decision", "withdraw", "withdrawn"),
    ("decision", "hold", "held"),
    ("published", True, "published"),
    ("quality", None, "not_scored"),
    ("heat", scoring.SUPERSEDED_HEAT, "superseded"),
)
"""States that do not depend on the time, as column, value and state. The first match counts;
if nothing matches, the state is "below". ``standing`` and ``Article.state_at`` use this."""


def latest_until(at: datetime, *moments: datetime | None) -> datetime | None:
    """Return the latest of the moments that are not after ``at``; None if there is none."""
    past = (moment for moment in moments if moment is not None and moment <= at)
    return max(past, default=None)


class Article(WithWords):
    """One report: from a document, written by hand, or known only from a link in another."""

    class Type(models.TextChoices):
        ARTICLE = "article", "article"
        VIDEO = "video", "video"

    class Decision(models.TextChoices):
        """An editor's decision, which overrides the rule; the values are ``scoring.Decision``'s."""

        NONE = scoring.Decision.NONE.value, "automatic"
        PUBLISH = scoring.Decision.PUBLISH.value, "published by an editor"
        HOLD = scoring.Decision.HOLD.value, "held by an editor"
        WITHDRAW = scoring.Decision.WITHDRAW.value, "withdrawn by an editor"

    class State(models.TextChoices):
        """Whether readers see an article, and if not, why."""

        PUBLISHED = "published", "published"
        SUPERSEDED = "superseded", "behind lead"
        BELOW = "below", "below the threshold"
        NOT_SCORED = "not_scored", "unscored"
        COVERAGE_ONLY = "coverage_only", "link only"
        HELD = "held", "on hold"
        WITHDRAWN = "withdrawn", "withdrawn"
        SCHEDULED = "scheduled", "scheduled"
        EXPIRED = "expired", "expired"

    slug = models.CharField(
        max_length=255,
        unique=True,
        help_text="The last part of the page's address: date and headline.",
    )
    first_slug = models.CharField(
        max_length=255,
        editable=False,
        help_text="The slug that it had first. Feeds identify it by this, for good.",
    )
    stem = models.CharField(
        max_length=240,
        editable=False,
        help_text="The slug that its document asks for. The slug differs if another article had it first.",
    )
    coverage_only = models.BooleanField(
        default=False,
        help_text="Known only because other articles link to it. Shown as coverage, never on its own.",
    )
    category = models.CharField(max_length=1000, blank=True)
    type = models.CharField(max_length=10, choices=Type, default=Type.ARTICLE)
    title = models.CharField(max_length=1000)
    excerpt = models.TextField(blank=True)
    body = models.TextField(blank=True)
    featured_content = models.TextField(
        blank=True,
        help_text="HTML from the source, for example a video player. Sanitized before readers see it.",
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
        help_text="The URL that other documents link to: the web URL, or the original URL for a video.",
    )
    address_key = models.CharField(
        max_length=MAX_KEY,
        editable=False,
        help_text="The same for all spellings of its URL; see documents/addresses.py.",
    )
    published_at = models.DateTimeField(help_text="When its provider published it.")
    updated_at = models.DateTimeField(
        null=True, blank=True, help_text="When its provider last changed it."
    )
    # The index article_provider is used instead.
    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, related_name="articles", db_index=False
    )
    topics = models.ManyToManyField(Topic, through=ArticleTopic, related_name="articles")
    related = models.ManyToManyField(
        "self", through=Related, symmetrical=False, related_name="named_by"
    )

    quality = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="How good the report is, from 0 to 1,000. 50 is ordinary. Empty: unscored.",
    )
    heat = models.IntegerField(
        null=True,
        blank=True,
        help_text="Quality plus the bonus for coverage. -1 if a better report leads the story.",
    )
    published = models.BooleanField(
        default=False, help_text="The result of the rule, or of an editor's decision."
    )
    heat_is_given = models.BooleanField(
        default=False,
        editable=False,
        help_text="Heat and published are those of the document.",
    )
    top_rank = models.FloatField(
        default=0, editable=False, help_text="Place on the front page: heat that falls with age."
    )
    is_pinned = models.BooleanField(
        "pinned as lead", default=False, help_text="Leads its story, whatever its quality."
    )
    decision = models.CharField(max_length=10, choices=Decision, default=Decision.NONE, blank=True)
    decision_reason = models.TextField("note", blank=True)
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
    scored_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When an editor last set its quality."
    )
    publish_from = models.DateTimeField(null=True, blank=True, help_text="Embargo: not before.")
    publish_until = models.DateTimeField(null=True, blank=True, help_text="Expires then.")

    standing = models.GeneratedField(
        expression=Case(
            *(When(**{name: value}, then=Value(state)) for name, value, state in _STATES),
            default=Value("below"),
        ),
        output_field=models.CharField(max_length=13),
        db_persist=True,
        help_text="Its state without its schedule: scheduled and expired articles count as published.",
    )

    title_words = WordsField(
        of="title",
        locale="locale",
        null=True,
        editable=False,
        help_text="The words of its title, for search.",
    )
    excerpt_words = WordsField(
        of="excerpt",
        locale="locale",
        null=True,
        editable=False,
        help_text="The words of its excerpt, for search.",
    )
    filed_under = models.TextField(  # noqa: DJ001 - null until it is indexed
        null=True,
        editable=False,
        help_text="Words of the names of its provider and topics, for search. The database updates it.",
    )

    version = models.PositiveIntegerField(
        default=1, editable=False, help_text="Rises with every change, to detect lost updates."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ArticleQuerySet.as_manager()

    coverage_links: list[Related]
    """Links to its coverage by rank, loaded by ``for_page()`` and ``for_list()``."""
    changed_for_readers_at: datetime | None
    """When it last changed for readers; loaded by ``with_last_change()``."""

    class Meta:
        ordering = ["-published_at", "slug"]
        permissions = ARTICLE_PERMISSIONS
        indexes = [
            # Finds related entries and other documents of the same page.
            models.Index(fields=["address_key"], name="article_address"),
            # The admin's list: its order, then the columns of its filters. For a rare combination
            # of filters, the database scans the whole index but reads no rows of the table.
            models.Index(
                fields=[
                    "-published_at",
                    "-id",
                    "standing",
                    "provider",
                    "type",
                    "quality",
                    "decision",
                ],
                name="article_newest",
            ),
            # For in_state(), newest first: the list's filter and the queues.
            models.Index(fields=["standing", "-published_at", "-id"], name="article_standing"),
            # A provider's articles, newest first.
            models.Index(fields=["provider", "-published_at", "-id"], name="article_provider"),
            # The list sorted by heat or by quality, highest first.
            models.Index(or_least("heat"), F("id"), name="article_heat"),
            models.Index(or_least("quality"), F("id"), name="article_quality"),
            # One state sorted by heat: articles below the threshold, nearest first.
            models.Index(F("standing"), or_least("heat"), F("id"), name="article_standing_heat"),
            # Few articles have a decision or a schedule.
            models.Index(
                fields=["-published_at", "-id"], condition=~Q(decision=""), name="article_decided"
            ),
            models.Index(
                fields=["publish_from"],
                condition=Q(publish_from__isnull=False),
                name="article_from",
            ),
            models.Index(
                fields=["publish_until"],
                condition=Q(publish_until__isnull=False),
                name="article_until",
            ),
            # Decisions that end, for the background clock.
            models.Index(
                fields=["decision_until"],
                condition=Q(decision_until__isnull=False),
                name="article_decision_until",
            ),
            # Latest and Top: only published articles, so drafts cost readers nothing. With the
            # schedule, the hub's numbered pages can skip articles without reading their rows.
            models.Index(
                fields=["-published_at", "slug", "publish_from", "publish_until", "published"],
                condition=Q(published=True),
                name="article_latest",
            ),
            models.Index(
                fields=["-top_rank", "slug"], condition=Q(published=True), name="article_top"
            ),
            # The API by heat, hottest first.
            models.Index(
                or_least("heat").desc(),
                F("slug"),
                condition=Q(published=True),
                name="article_hottest",
            ),
            # The few articles whose slug was already taken, for the importer.
            models.Index(fields=["stem"], condition=~Q(slug=F("stem")), name="article_slug_taken"),
            # Queues (articles/newsdesk/queues.py) that cannot use the indexes above. "One report
            # short": the policy's numbers are data, so heat and quality are columns, not conditions.
            # SQLite needs the condition's columns to count without reading the table.
            models.Index(
                fields=[
                    "-published_at",
                    "slug",
                    "heat",
                    "quality",
                    "published",
                    "decision",
                    "coverage_only",
                ],
                condition=Q(coverage_only=False, published=False, decision="", heat__gte=0),
                name="queue_one_away",
            ),
            # "New coverage since you decided": the latest decisions.
            models.Index(
                fields=["-decided_at", "decision", "is_pinned", "id"],
                condition=Q(decided_at__isnull=False) & ~Q(decision="", is_pinned=False),
                name="queue_decisions",
            ),
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

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it. Imports and decisions write columns directly and set these two themselves."""
        self.address_key = address_key(self.web_url or self.original_url)
        self.first_slug = self.first_slug or self.slug
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("articles:article", args=[self.slug])

    def is_published(self, at: datetime | None = None) -> bool:
        """Return whether readers may see it at ``at``, like ``published()`` in a query."""
        return self.state_at(at) == Article.State.PUBLISHED

    def state_at(self, at: datetime | None = None) -> State:
        """Return its state at ``at``: whether readers see it, and if not, why. No query."""
        matching = (state for name, value, state in _STATES if getattr(self, name) == value)
        state = Article.State(next(matching, "below"))
        if state is not Article.State.PUBLISHED:
            return state
        absence = self.absence_in_time(at)
        return Article.State(absence.why) if absence else state

    def absence_in_time(self, at: datetime | None = None) -> scoring.Absence | None:
        """Return why its schedule or its own date hides it at ``at``, or None. No query."""
        times = (self.published_at, self.publish_from, self.publish_until)
        return scoring.absence_in_time(*times, at or database_clock.now())

    @cached_property
    def opens_at(self) -> datetime:
        """When its schedule and its own date let readers see it; only from ``in_state()``."""
        return scoring.opens_at(self.published_at, self.publish_from)

    @property
    def state(self) -> State:
        return self.state_at()

    @property
    def is_superseded(self) -> bool:
        """Whether a better report leads its story."""
        return self.heat == scoring.SUPERSEDED_HEAT

    def outranks(self, other: Article) -> bool:
        """Return whether the rule ranks it above ``other`` in a story. No query."""
        return self.contender().outranks(other.contender())

    def contender(self, at: datetime | None = None, name: str = "") -> scoring.Contender:
        """Return the facts that the rule needs. No query.

        If ``at`` is given, ignore a decision that has expired, and take its time into account.
        ``name`` is used in explanations.
        """
        decision = scoring.Decision(self.decision)
        return scoring.Contender(
            self.slug,
            self.published_at,
            self.quality,
            scoring.in_force(decision, self.decision_until, at) if at else decision,
            self.is_pinned,
            name,
            self.decision_until,
            self.publish_from,
            self.publish_until,
            at,
        )

    def lead(self, at: datetime | None = None) -> Article | None:
        """Return its lead: its best published related article, if that outranks it. One query."""
        rivals = Article.objects.published(at).filter(named_by_links__article=self).by_rank()
        return next((rival for rival in rivals if rival.outranks(self)), None)

    def updated_for_readers(self, at: datetime) -> datetime:
        """Return when it last changed for readers, up to ``at``. Requires ``with_last_change()``.

        That is the latest of its own times, the end of its embargo, and the last change to what
        pages and feeds show. An imported article that has not changed since has the time of its
        document. If all of these are in the future, because a provider's clock is wrong, return
        when it was imported.
        """
        own = (self.published_at, self.updated_at, self.publish_from)
        return latest_until(at, *own, self.changed_for_readers_at) or self.created_at

    @property
    def headline(self) -> str:
        """The title as readers see it. Entities such as ``&#8217;`` become characters."""
        return decoded(self.title)

    @property
    def summary(self) -> str:
        """The excerpt as readers see it: plain text with line breaks."""
        return decoded(self.excerpt).strip()

    @property
    def source_url(self) -> str:
        """The URL of the original; empty if it is not http(s)."""
        return self.url if is_web_url(self.url) else ""

    @property
    def lead_image(self) -> Image | None:
        """The first image that a page can show; ``for_list()`` loads it."""
        return next(iter(self.shown_images), None)

    @property
    def picture(self) -> Image | None:
        """The first image with a stored copy, which pages show; ``for_list()`` loads it."""
        return next((image for image in self.shown_images if image.stored_id is not None), None)

    @property
    def shown_images(self) -> list[Image]:
        """The images that a page can show, in order; ``for_page()`` loads them."""
        return [image for image in self.images.all() if image.is_shown]

    @property
    def shown_topics(self) -> list[Topic]:
        """Its topics in order; ``for_list()`` loads them."""
        return [link.topic for link in self.topic_links.all()]

    @property
    def coverage(self) -> list[Article]:
        """The coverage that its page lists, best first. Requires ``for_list()``."""
        return [link.target for link in self.coverage_links]

    @property
    def shown_under(self) -> Article | None:
        """The lead under which a ``reachable()`` article is shown; None if published. No query."""
        if self.published:
            return None
        rivals = (one for one in self.coverage if one.is_published() and one.outranks(self))
        return next(rivals, None)

    @property
    def course(self) -> list[Article]:
        """The article and its coverage, oldest first. Requires ``for_page()``."""
        return sorted([self, *self.coverage], key=lambda one: (one.published_at, one.slug))

"""The list of articles: its columns, filters, orders and search, all fast at a million articles.

What each costs is measured by ``bench/newsdesk.py``; which index serves what, ``Article.Meta`` says.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.db.models import F, Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from articles.admin.articles import bulk_actions, list_editing
from articles.admin.decisions import confirmation
from articles.admin.lists import ChosenFilter, KeyChangeList, KeyPaginator, ReadOnlyAdmin
from articles.models import Article, ArticleQuerySet, ArticleTopic, Image, Unindexed, or_least
from articles.templatetags.thumbnails import thumb_of
from newsroom.dates import in_words

MOST_OF_SEVERAL: Final = 1_000
"""Articles to page through where no one index has the answer."""

_PERIODS: Final = {"today": "today", "7": "last 7 days", "30": "last 30 days", "365": "last year"}
_QUALITIES: Final = {
    "none": ("not scored", None),
    "0-49": ("under 50", (0, 49)),
    "50-59": ("50 to 59", (50, 59)),
    "60-69": ("60 to 69", (60, 69)),
    "70-89": ("70 to 89", (70, 89)),
    "90-": ("90 and more", (90, 32_767)),
}


def period_start(value: str | None, at: datetime | None = None) -> datetime | None:
    """Return when the period of that name began, None for no such period."""
    if value not in _PERIODS:
        return None
    at = at or timezone.now()
    if value == "today":
        return timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    return at - timedelta(days=int(value))


class StateFilter(admin.SimpleListFilter):
    """Filter by where articles stand with readers; the choices are fixed."""

    title = "state"
    parameter_name = "state"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Offer every state."""
        return [(state.value, str(state.label)) for state in Article.State]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Article]
    ) -> QuerySet[Article] | None:
        """Keep the articles of the chosen state."""
        if self.value() not in Article.State.values:
            return queryset
        return cast("ArticleQuerySet", queryset).in_state(str(self.value()))


class QualityFilter(admin.SimpleListFilter):
    """Filter by ranges of quality."""

    title = "quality"
    parameter_name = "quality"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Offer the ranges."""
        return [(value, label) for value, (label, _) in _QUALITIES.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Article]
    ) -> QuerySet[Article] | None:
        """Keep the articles of the chosen range."""
        value = self.value()
        if value not in _QUALITIES:
            return queryset
        _, ends = _QUALITIES[value]
        return queryset.filter(quality__range=ends) if ends else queryset.filter(quality=None)


class TimeFilter(admin.SimpleListFilter):
    """Filter by when the provider published."""

    title = "time"
    parameter_name = "time"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Offer periods up to now."""
        return list(_PERIODS.items())

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Article]
    ) -> QuerySet[Article] | None:
        """Keep the articles of the chosen period, and what is dated later."""
        start = period_start(self.value())
        return queryset.filter(published_at__gte=start) if start else queryset


class DecidedFilter(admin.SimpleListFilter):
    """Filter by whether an editor's decision stands above the rule."""

    title = "decided"
    parameter_name = "decided"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Offer both."""
        return [("yes", "by an editor"), ("no", "by the rule")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Article]
    ) -> QuerySet[Article] | None:
        """Keep what an editor decided, or what none did."""
        match self.value():
            case "yes":
                return queryset.exclude(decision=Article.Decision.NONE)
            case "no":
                return queryset.filter(decision=Article.Decision.NONE)
        return queryset


class ProviderFilter(ChosenFilter):
    """Articles of one provider."""

    title = parameter_name = path = "provider"


def is_alone(request: HttpRequest) -> bool:
    """Whether the list is narrowed by topic and time alone, and in the order of time.

    Then the index of the topic's newest has the answer. With anything else it would take a look at
    each article of the topic.
    """
    others = set(request.GET) - {"topic", TimeFilter.parameter_name, PAGE_VAR}
    return not any(request.GET[name] for name in others)


class TopicFilter(ChosenFilter):
    """Articles about one topic."""

    title = parameter_name = "topic"
    path = "topics"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep what is about the topic, found by the index of the topic's newest."""
        key = self.value()
        if key is None:
            return queryset
        if not self.is_known:
            return queryset.none()
        if not is_alone(request):
            about = ArticleTopic.objects.filter(topic=int(key)).values("article_id")
            keyed: QuerySet[Any] = queryset.alias(key=Unindexed(F("pk")))
            return keyed.filter(key__in=about)
        links: dict[str, Any] = {"topic_links__topic": key}
        if start := period_start(request.GET.get(TimeFilter.parameter_name)):
            links["topic_links__published_at__gte"] = start
        return queryset.filter(**links)


class ArticleChangeList(KeyChangeList):
    """The list of articles."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Notice what the order of a topic's articles depends on."""
        self.is_alone = is_alone(request)
        return super().get_ordering(request, queryset)

    def key_order(self, row_order: list[Any]) -> list[Any]:
        """Let a topic's articles come in the order of that topic's index, which is the same."""
        has_topic = any(isinstance(one, TopicFilter) and one.is_known for one in self.filter_specs)
        if not has_topic or not self.is_alone:
            return row_order
        return ["-topic_links__published_at", "-topic_links__article_id"]

    def rows(self) -> QuerySet[Article]:
        """Return the articles with provider, topics, pictures and size of the story: three queries."""
        topics = ArticleTopic.objects.select_related("topic").order_by("position")
        return (
            Article.objects.with_story_size()
            .select_related("provider")
            .prefetch_related(
                Prefetch("topic_links", topics),
                Prefetch("images", Image.objects.select_related("stored")),
            )
            .defer("excerpt", "body", "featured_content", "decision_reason")
        )


class ArticleListAdmin(ReadOnlyAdmin):
    """What the list of articles shows, how it is narrowed and in which orders it comes."""

    list_display = [
        "picture",
        "headline_cut",
        "provider_filter",
        "topics_filter",
        "quality_shown",
        "heat_shown",
        "state_badge",
        "story_size",
        "published_when",
    ]
    list_display_links = ["headline_cut"]
    list_filter = [
        StateFilter,
        QualityFilter,
        TimeFilter,
        DecidedFilter,
        "type",
        ProviderFilter,
        TopicFilter,
    ]
    # Shows the search box; what it finds, get_search_results() says.
    search_fields = ["title"]
    search_help_text = (
        'Words of headline, excerpt, provider or topics, "a phrase", -without; '
        "or an article's address or slug"
    )
    ordering = ["-published_at", "-pk"]
    # No "show all": it would show no more than the pages do.
    list_max_show_all = 0
    paginator = KeyPaginator

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ArticleChangeList]:
        """Find keys first, then rows."""
        return ArticleChangeList

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer the decisions on many articles that the user may make."""
        if IS_POPUP_VAR in request.GET:
            return {}
        return bulk_actions.offered(confirmation.user_of(request))

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return inputs of the quality to whoever may score."""
        return list_editing.columns(super().get_list_display(request), request)

    def action_checkbox(self, obj: Article) -> SafeString:
        """Give Django's box to tick, without a widget for each: a fifth of the list's time."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            f"Select this article for an action - {obj}",
        )

    @admin.display(description="quality", ordering=or_least("quality"))
    def quality_input(self, article: Article) -> SafeString | str:
        """Let its quality be typed."""
        return list_editing.quality_input(article)

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> KeyPaginator:
        """Page through a tenth where words, or several conditions, make the database look at rows."""
        paginator = KeyPaginator(*args, **kwargs)
        asked = [name for name, value in request.GET.items() if value and name != PAGE_VAR]
        if SEARCH_VAR in asked or len(asked) > 1:
            paginator.most = MOST_OF_SEVERAL
        return paginator

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Article], search_term: str
    ) -> tuple[QuerySet[Article], bool]:
        """Search by the full-text index."""
        return cast("ArticleQuerySet", queryset).search(search_term), False

    @admin.display(description="picture", empty_value="")
    def picture(self, article: Article) -> SafeString | str:
        """Draw its first picture, if a copy is kept."""
        return thumb_of(article)

    @admin.display(description="headline")
    def headline_cut(self, article: Article) -> str:
        """Return as much of the headline as a list has room for."""
        return Truncator(article.headline).chars(120)

    @admin.display(description="provider")
    def provider_filter(self, article: Article) -> SafeString:
        """Link to the list of the provider's articles."""
        return _narrowed("provider", article.provider.pk, article.provider)

    @admin.display(description="topics")
    def topics_filter(self, article: Article) -> SafeString | str:
        """Link to the lists of its topics' articles, in its order."""
        topics = [link.topic for link in article.topic_links.all()]
        links = (
            (_narrowed("topic", topic.pk, topic.short_name or topic.name),) for topic in topics
        )
        return format_html_join(", ", "{}", links) or "-"

    @admin.display(description="quality", ordering=or_least("quality"))
    def quality_shown(self, article: Article) -> int | None:
        """Return its quality."""
        return article.quality

    @admin.display(description="heat", ordering=or_least("heat"))
    def heat_shown(self, article: Article) -> SafeString | None:
        """Return its heat, with the way to why."""
        if article.heat is None:
            return None
        address = reverse("admin:articles_article_receipt", args=[article.pk])
        return format_html(
            '<a href="{}" title="Why {}?">{}</a>', address, article.heat, article.heat
        )

    @admin.display(description="state")
    def state_badge(self, article: Article) -> SafeString:
        """Name where it stands with readers."""
        state = article.state
        return format_html('<span class="state state-{}">{}</span>', state.value, state.label)

    @admin.display(description="story")
    def story_size(self, article: Article) -> SafeString | str:
        """Count the related that count, and link to the workbench of the story."""
        size: int = article.story_size  # type: ignore[attr-defined]
        address = reverse("admin:articles_article_story", args=[article.pk])
        return format_html('<a href="{}">+{}</a>', address, size) if size else ""

    @admin.display(description="time", ordering="published_at")
    def published_when(self, article: Article) -> str:
        """Return its provider's time."""
        return in_words(article.published_at)


def _narrowed(parameter: str, key: int, text: object) -> SafeString:
    address = reverse("admin:articles_article_changelist")
    return format_html('<a href="{}?{}={}">{}</a>', address, parameter, key, text)

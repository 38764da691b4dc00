"""The list of articles: columns, filters, sorting and search, all fast with a million articles.

``bench/newsdesk.py`` measures each of them; ``Article.Meta`` says which index each one uses.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.db.models import F, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from articles.admin.articles import bulk_actions, list_editing
from articles.admin.decisions import confirmation
from articles.admin.links import list_link
from articles.admin.lists import (
    ChosenFilter,
    FixedFilter,
    KeyChangeList,
    KeyPaginator,
    ReadOnlyAdmin,
)
from articles.models import Article, ArticleQuerySet, ArticleTopic, Image, Unindexed, or_least
from articles.templatetags.thumbnails import thumb
from newsroom.dates import in_words

MOST_OF_SEVERAL: Final = 1_000
"""The maximum number of articles to page through if no single index covers the filters."""

_PERIODS: Final = {"today": "today", "7": "last 7 days", "30": "last 30 days", "365": "last year"}
_QUALITIES: Final = {
    "none": ("unscored", Q(quality=None)),
    "0-49": ("under 50", Q(quality__range=(0, 49))),
    "50-59": ("50 to 59", Q(quality__range=(50, 59))),
    "60-69": ("60 to 69", Q(quality__range=(60, 69))),
    "70-89": ("70 to 89", Q(quality__range=(70, 89))),
    "90-": ("90 and more", Q(quality__range=(90, 32_767))),
}


def period_start(value: str | None) -> datetime | None:
    """Return when a period began, or None for an unknown name."""
    if value not in _PERIODS:
        return None
    if value == "today":
        return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return timezone.now() - timedelta(days=int(value))


class StateFilter(FixedFilter):
    title = parameter_name = "state"
    options = Article.State.choices

    def narrow(self, rows: QuerySet[Article], value: str) -> QuerySet[Article]:
        return cast("ArticleQuerySet", rows).in_state(value)


class QualityFilter(FixedFilter):
    title = parameter_name = "quality"
    options = [(value, label) for value, (label, _) in _QUALITIES.items()]
    conditions = {value: condition for value, (_, condition) in _QUALITIES.items()}


class TimeFilter(FixedFilter):
    title = parameter_name = "time"
    options = list(_PERIODS.items())

    def narrow(self, rows: QuerySet[Article], value: str) -> QuerySet[Article]:
        """Keep the articles of a period, and those dated in the future."""
        return rows.filter(published_at__gte=period_start(value))


class DecidedFilter(FixedFilter):
    """Filter by whether an editor's decision overrides the rule."""

    title = parameter_name = "decided"
    options = [("yes", "by an editor"), ("no", "automatic")]
    conditions = {
        "yes": ~Q(decision=Article.Decision.NONE),
        "no": Q(decision=Article.Decision.NONE),
    }


class ProviderFilter(ChosenFilter):
    title = parameter_name = path = "provider"


def is_alone(request: HttpRequest) -> bool:
    """Return whether the list is filtered by topic and time alone, and ordered by time.

    If so, the index of a topic's newest articles covers the list. Otherwise the database reads
    every article about the topic.
    """
    others = set(request.GET) - {"topic", TimeFilter.parameter_name, PAGE_VAR}
    return not any(request.GET[name] for name in others)


class TopicFilter(ChosenFilter):
    title = parameter_name = "topic"
    path = "topics"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the articles about the topic."""
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
    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        self.is_alone = is_alone(request)
        return super().get_ordering(request, queryset)

    def key_order(self, row_order: list[Any]) -> list[Any]:
        """Order one topic's articles by the columns of its index, which give the same order."""
        has_topic = any(isinstance(one, TopicFilter) and one.is_known for one in self.filter_specs)
        if not has_topic or not self.is_alone:
            return row_order
        return ["-topic_links__published_at", "-topic_links__article_id"]

    def get_results(self, request: HttpRequest) -> None:
        """Load the page. Add the suggested qualities, if they can be typed."""
        super().get_results(request)
        if "quality_input" in self.list_display:
            articles: Any = list(self.result_list)
            list_editing.add_suggestions(articles)
            self.result_list = articles

    def rows(self) -> QuerySet[Article]:
        """Return the articles with provider, topics, picture and story size. Three queries."""
        topics = ArticleTopic.objects.select_related("topic").order_by("position")
        return (
            Article.objects.with_story_size()
            .select_related("provider")
            .prefetch_related(
                Prefetch("topic_links", topics),
                Prefetch("images", Image.objects.select_related("stored")),
            )
            .defer("excerpt", "excerpt_words", "body", "featured_content", "decision_reason")
        )


class ArticleListAdmin(ReadOnlyAdmin):
    """The columns, filters and orders of the list of articles."""

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
    # Only shows the search box; get_search_results() searches.
    search_fields = ["title"]
    search_help_text = (
        'Words of headline, excerpt, provider or topics, "a phrase", -without; '
        "or an article's URL or slug"
    )
    ordering = ["-published_at", "-pk"]
    # No "show all", because it would show no more than the pages do.
    list_max_show_all = 0
    paginator = KeyPaginator

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ArticleChangeList]:
        return ArticleChangeList

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        if IS_POPUP_VAR in request.GET:
            return {}
        return bulk_actions.offered(confirmation.user_of(request))

    def get_list_display(self, request: HttpRequest) -> Any:
        return list_editing.columns(super().get_list_display(request), request)

    def action_checkbox(self, obj: Article) -> SafeString:
        """Return Django's checkbox without its widget, which takes a fifth of the list's time."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            f"Select this article for an action - {obj}",
        )

    @admin.display(description="quality", ordering=or_least("quality"))
    def quality_input(self, article: Article) -> SafeString | str:
        return list_editing.quality_input(article)

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> KeyPaginator:
        """Page through fewer rows if the database has to read each one."""
        paginator = KeyPaginator(*args, **kwargs)
        asked = [name for name, value in request.GET.items() if value and name != PAGE_VAR]
        if SEARCH_VAR in asked or len(asked) > 1:
            paginator.most = MOST_OF_SEVERAL
        return paginator

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Article], search_term: str
    ) -> tuple[QuerySet[Article], bool]:
        return cast("ArticleQuerySet", queryset).search(search_term), False

    @admin.display(description="picture", empty_value="")
    def picture(self, article: Article) -> SafeString | str:
        return thumb(article.picture)

    @admin.display(description="headline")
    def headline_cut(self, article: Article) -> str:
        return Truncator(article.headline).chars(120)

    @admin.display(description="provider")
    def provider_filter(self, article: Article) -> SafeString:
        return list_link(Article, article.provider, provider=article.provider.pk)

    @admin.display(description="topics")
    def topics_filter(self, article: Article) -> SafeString | str:
        """Link to the list of articles for each of its topics."""
        topics = [link.topic for link in article.topic_links.all()]
        links = (
            (list_link(Article, topic.short_name or topic.name, topic=topic.pk),)
            for topic in topics
        )
        return format_html_join(", ", "{}", links) or "-"

    @admin.display(description="quality", ordering=or_least("quality"))
    def quality_shown(self, article: Article) -> int | None:
        return article.quality

    @admin.display(description="heat", ordering=or_least("heat"))
    def heat_shown(self, article: Article) -> SafeString | None:
        if article.heat is None:
            return None
        address = reverse("admin:articles_article_receipt", args=[article.pk])
        return format_html(
            '<a href="{}" title="Why {}?">{}</a>', address, article.heat, article.heat
        )

    @admin.display(description="state")
    def state_badge(self, article: Article) -> SafeString:
        state = article.state
        return format_html('<span class="state state-{}">{}</span>', state.value, state.label)

    @admin.display(description="story")
    def story_size(self, article: Article) -> SafeString | str:
        """Return the number of related articles that count, as a link to the workbench."""
        size: int = article.story_size  # type: ignore[attr-defined]
        address = reverse("admin:articles_article_story", args=[article.pk])
        return format_html('<a href="{}">+{}</a>', address, size) if size else ""

    @admin.display(description="time", ordering="published_at")
    def published_when(self, article: Article) -> str:
        return in_words(article.published_at)

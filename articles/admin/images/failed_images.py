"""Picture problems: which images failed and why, who shows them, and fetching them again."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final, cast

from django.contrib import admin, messages
from django.db.models import Count, QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from articles import roles
from articles.admin.decisions.confirmation import count_of
from articles.admin.links import admin_link, outward_link
from articles.admin.lists import FixedFilter, KeyChangeList, KeyPaginator, ReadOnlyAdmin
from articles.images.failures import KINDS
from articles.images.missing import request_again
from articles.models import Article, Image, ImageFetch
from articles.tasks import find_images
from articles.units import enqueue
from newsroom.dates import in_words
from newsroom.web_url import is_web_url
from providers.models import Provider

HOSTS: Final = 20
"""How many hosts the filter offers: those with the most failures."""
SHOWN: Final = 3
"""Articles listed per row."""
MOST_OF_KIND: Final = 1_000
"""The most failures of one kind to page through; no index covers their reasons."""


class HostFilter(admin.SimpleListFilter):
    title = parameter_name = "host"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Return the hosts with the most failures, and the chosen one. One query."""
        failed = ImageFetch.objects.failed().exclude(host="").values_list("host")
        most = failed.annotate(count=Count("pk")).order_by("-count", "host")
        offered = [(host, f"{host} ({count:,})") for host, count in most[:HOSTS]]
        chosen = self.used_parameters.get(str(self.parameter_name))
        if chosen and chosen not in dict(offered):
            offered.append((chosen, chosen))
        return offered

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ImageFetch]
    ) -> QuerySet[ImageFetch]:
        # PostgreSQL does not allow NUL in text.
        host = (self.value() or "").replace("\0", "")
        return queryset.filter(host=host) if host else queryset


class KindFilter(FixedFilter):
    title = parameter_name = "reason"
    options = [(kind.key, kind.label) for kind in KINDS]
    conditions = {kind.key: kind.condition for kind in KINDS}


class FailedImages(KeyChangeList):
    def get_results(self, request: HttpRequest) -> None:
        """Load the rows of the page and who shows them. Two queries, or three with logos."""
        super().get_results(request)
        rows = list(self.result_list)
        place = Window(RowNumber(), partition_by="url", order_by="-article_id")
        showing = Image.objects.at(row.url for row in rows).annotate(place=place)
        articles: dict[str, dict[int, Article]] = defaultdict(dict)
        for url, pk, title in showing.filter(place__lte=SHOWN + 1).values_list(
            "url", "article_id", "article__title"
        ):
            articles[url][pk] = Article(pk=pk, title=title)
        logos = _logos() if any(row.url not in articles for row in rows) else {}
        for row in rows:
            row.logo_of = logos.get(row.url)
            row.articles = sorted(articles[row.url].values(), key=lambda one: -one.pk)
        self.result_list = rows


def _logos() -> dict[str, Provider]:
    """Return the providers, by the URL of their logo. One query."""
    providers = Provider.objects.exclude(logos=[]).only("name", "domain", "logos")
    return {one.logo["url"]: one for one in providers.order_by("-pk") if one.logo}


@admin.register(ImageFetch)
class ImageFetchAdmin(ReadOnlyAdmin):
    """Failed fetches. Successful ones have no page."""

    actions = ["fetch_again", "fetch_hosts_again"]
    list_display = ["address", "reason", "host", "tries", "tried", "next_try", "articles"]
    list_display_links = None
    list_filter = [HostFilter, KindFilter]
    ordering = ["-tried_at", "-pk"]
    sortable_by = ()
    paginator = KeyPaginator
    fields = ["source", "host", "failure", ("tries", "tried_at", "next_try_at")]
    readonly_fields = ["source"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[FailedImages]:
        return FailedImages

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> KeyPaginator:
        """Page through fewer rows if the database must read every reason."""
        paginator = KeyPaginator(*args, **kwargs)
        if KindFilter.parameter_name in request.GET:
            paginator.most = MOST_OF_KIND
        return paginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImageFetch]:
        return ImageFetch.objects.failed().order_by("-tried_at", "-pk")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("articles.view_image")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return False: only the desk links here, when images have failed."""
        return False

    def has_fetch_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(roles.EDIT)

    @admin.action(description="Fetch the selected images again", permissions=["fetch"])
    def fetch_again(self, request: HttpRequest, queryset: QuerySet[ImageFetch]) -> None:
        """Have the next run fetch the selected images, or all that match the filters."""
        self._tell(request, request_again(queryset))

    @admin.action(
        description="Fetch all failed images of these hosts again",
        permissions=["fetch"],
    )
    def fetch_hosts_again(self, request: HttpRequest, queryset: QuerySet[ImageFetch]) -> None:
        """Have the next run fetch all failed images from the hosts of the selected ones."""
        hosts = queryset.order_by().values("host").distinct()
        self._tell(request, request_again(ImageFetch.objects.failed().filter(host__in=hosts)))

    def _tell(self, request: HttpRequest, count: int) -> None:
        enqueue(find_images)
        words = f"Will be fetched next, in the background: {count_of(count, 'image')}."
        messages.success(request, words)

    @admin.display(description="address")
    def address(self, fetch: ImageFetch) -> SafeString | str:
        """Return a link to the source, labeled with the shortened path."""
        path = Truncator("/" + fetch.url.partition("://")[2].partition("/")[2]).chars(60)
        return outward_link(fetch.url, path) if is_web_url(fetch.url) else fetch.url

    @admin.display(description="address")
    def source(self, fetch: ImageFetch) -> SafeString | str:
        return outward_link(fetch.url) if is_web_url(fetch.url) else fetch.url

    @admin.display(description="why")
    def reason(self, fetch: ImageFetch) -> str:
        """Return the reason, and whether readers see an older copy."""
        older = " An older copy is shown." if fetch.stored_id else ""
        return fetch.failure + older

    @admin.display(description="last try")
    def tried(self, fetch: ImageFetch) -> str:
        return in_words(fetch.tried_at)

    @admin.display(description="next try")
    def next_try(self, fetch: ImageFetch) -> str:
        """Return the time of the next automatic attempt, if any."""
        return in_words(fetch.next_try_at) or "none"

    @admin.display(description="shown by")
    def articles(self, fetch: ImageFetch) -> SafeString | str:
        """Return links to the articles that show the image, or to the provider whose logo it is."""
        found: list[Any] = cast("Any", fetch).articles
        links = format_html_join(
            "",
            "<div>{}</div>",
            (
                (admin_link(article, Truncator(article.headline).chars(60)),)
                for article in found[:SHOWN]
            ),
        )
        if len(found) > SHOWN:
            return format_html("{}<div>and others</div>", links)
        if links:
            return links
        provider: Provider | None = cast("Any", fetch).logo_of
        name = provider and Truncator(provider.name or provider.domain).chars(60)
        return format_html("the logo of {}", admin_link(provider, name)) if provider else "nothing"

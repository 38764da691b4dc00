"""Django's admin site with the desk as its front page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, include, path
from django.utils import timezone
from django.utils.formats import date_format

from articles import heat
from articles.accounts.sign_in_form import SignInForm
from articles.models import Article, ImageFetch, ImportRun
from articles.newsdesk.queues import QUEUES
from articles.scoring import Policy
from newsroom import database_clock
from newsroom.capped_count import count_capped, count_in_words
from newsroom.charts import Amount, Chart, bar_chart, heat_chart

DAYS: Final = 30
"""How many days the charts cover, including today; with all articles they would read the whole
table."""
RUNS: Final = 5
"""How many imports the front page lists."""


class NewsroomAdminSite(admin.AdminSite):
    site_header = settings.SITE_NAME
    site_title = settings.SITE_NAME
    index_title = "Desk"
    # The header links to everything, and lists need the space.
    enable_nav_sidebar = False
    login_form = SignInForm

    def get_urls(self) -> list[URLPattern | URLResolver]:
        # Import by name, because the admin's modules import this one to register themselves.
        return [path("", include("articles.admin.urls")), *super().get_urls()]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show the parts of the desk that the user may see."""
        context: dict[str, Any] = {}
        if self.get_model_admin(Article).has_view_permission(request):
            context |= desk(database_clock.now(), heat.current_policy())
            failed = count_capped(ImageFetch.objects.failed())
            context["failed_images"] = count_in_words(failed) if failed else ""
        if self.get_model_admin(ImportRun).has_view_permission(request):
            context["runs"] = ImportRun.objects.select_related("started_by")[:RUNS]
        return super().index(request, context | (extra_context or {}))


def desk(at: datetime, policy: Policy) -> dict[str, Any]:
    """Return the queues and charts of the front page. The number of queries is fixed."""
    if not Article.objects.exists():
        return {"may_view_articles": True, "is_fresh": True}
    counts = [count_capped(queue.articles(at, policy)) for queue in QUEUES]
    return {
        "may_view_articles": True,
        "waiting": [
            (queue, count_in_words(count) if count else "")
            for queue, count in zip(QUEUES, counts, strict=True)
        ],
        "days": DAYS,
        "published_chart": published_chart(at),
        "heat_chart": recent_heat_chart(at, policy),
    }


def published_chart(at: datetime) -> Chart:
    """Draw the number of articles per day that readers see at ``at``. One query."""
    days = list(_days(at))
    # These are conditions because SQLite would call Python for a date function on each row.
    counts = (
        Article.objects.published(at)
        .filter(published_at__gte=days[0][0], published_at__lt=days[-1][1])
        .aggregate(
            **{
                f"day_{number}": Count("pk", Q(published_at__gte=begin, published_at__lt=end))
                for number, (begin, end) in enumerate(days)
            }
        )
    )
    return bar_chart(
        [
            Amount(
                date_format(begin, "M j"),
                counts[f"day_{number}"],
                # Show a label for every seventh day, counted back from today.
                tick=date_format(begin, "M j") if (DAYS - 1 - number) % 7 == 0 else "",
            )
            for number, (begin, _) in enumerate(days)
        ]
    )


def recent_heat_chart(at: datetime, policy: Policy) -> Chart:
    """Draw the heat of these days' articles, without link-only ones. One query."""
    days = list(_days(at))
    recent = Article.objects.filter(
        coverage_only=False, published_at__gte=days[0][0], published_at__lt=days[-1][1]
    )
    counts = recent.order_by().values_list("heat").annotate(Count("pk"))
    return heat_chart(dict(counts), policy.threshold)


def _days(at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the start and end of each day in the current time zone, oldest first."""
    today = timezone.localdate(at)
    zone = timezone.get_current_timezone()
    midnight = datetime.min.time()
    for back in range(DAYS - 1, -1, -1):
        day = today - timedelta(days=back)
        # A day is not always 24 hours long.
        begin = datetime.combine(day, midnight, zone)
        yield begin, datetime.combine(day + timedelta(days=1), midnight, zone)

"""The public pages. They are the same for everybody and cached (``articles/site/page_cache.py``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple

from csp.decorators import csp_replace
from django.conf import settings
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from articles.models import Article, Topic
from articles.models.orders import FILED, LATEST, PROVIDERS, TOP, TOPICS
from articles.site import first_pages, page_meta
from articles.site.feeds import lists
from articles.site.feeds.lists import FeedSource, feed_links
from articles.site.first_pages import PAGE_SIZE
from articles.site.indexes import (
    by_letter,
    frequent_topics,
    has_reports,
    listed_providers,
    listed_topics,
)
from articles.site.more_on import more_on
from articles.site.page_cache import public
from articles.site.page_meta import PageMeta
from articles.site.renamed import redirect_renamed
from articles.site.stories import Row, Story, rows, stories
from articles.site.story_course import steps
from newsroom import database_clock
from newsroom.paging import CursorError, Order, Page, page_from, page_of
from newsroom.sanitizing import embeds
from providers.models import Provider

NAMES: Final = 200
"""Topics or publishers on a page of their index."""
COVERAGE: Final = 50
"""Reports on a page of a story's coverage."""
TOPICS_ABOVE: Final = 12
"""Topics above the stories of the front page."""


class _Name(NamedTuple):
    name: str
    address: str
    note: str


@require_safe
@public
def front(request: HttpRequest) -> HttpResponse:
    """Show the hottest stories first; heat cools with age."""

    def render(page: Page[Story]) -> HttpResponse:
        meta = page_meta.for_list(request, settings.SITE_NAME, stories=page.rows)
        topics = frequent_topics(page.rows, TOPICS_ABOVE)
        return _list(request, "front", page, meta, lists.front(), topics=topics)

    return _published(request, TOP, render)


@require_safe
@public
def latest(request: HttpRequest) -> HttpResponse:
    def render(page: Page[Story]) -> HttpResponse:
        meta = page_meta.for_list(request, _("Latest"), stories=page.rows)
        return _list(request, "latest", page, meta, lists.latest())

    return _published(request, LATEST, render)


@require_safe
@public
def topics(request: HttpRequest) -> HttpResponse:
    """List the topics of published stories and their coverage, sorted by name."""
    page = _page(request, listed_topics().select_related("parent"), TOPICS, NAMES)
    names = (
        _Name(one.name, reverse("articles:topic", args=[one.slug]), str(one.parent or ""))
        for one in page.rows
    )
    return _names(request, _("Topics"), page, names)


@require_safe
@public
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a topic's reports, newest first: leads, and coverage marked as such."""
    below = Q(has_reports(), parent__slug=slug)
    family = list(Topic.objects.filter(below | Q(slug=slug)).select_related("parent"))
    shown = next((one for one in family if one.slug == slug), None)
    if shown is None:
        return redirect_renamed(request, slug=get_object_or_404(Topic.objects.called(slug)).slug)
    at = database_clock.now()
    about = rows(Article.objects.reachable(at).of_topic(shown), FILED.column)
    page = _stories(_page(request, about, FILED), at)
    meta = page_meta.for_topic(request, shown, page.rows)
    children = [one for one in family if one is not shown]
    return _list(
        request, "topic", page, meta, lists.of_topic(shown), topic=shown, children=children
    )


@require_safe
@public
def providers(request: HttpRequest) -> HttpResponse:
    """List the publishers of published stories and their coverage, sorted by name."""
    page = _page(request, listed_providers(), PROVIDERS, NAMES)
    names = (
        _Name(one.name or one.domain, reverse("articles:provider", args=[one.domain]), one.domain)
        for one in page.rows
    )
    return _names(request, _("Publishers"), page, names)


@require_safe
@public
def provider(request: HttpRequest, domain: str) -> HttpResponse:
    """Show a publisher's reports, newest first: leads, and coverage marked as such."""
    with_logo = Provider.objects.select_related("kept_logo__stored")
    shown = get_object_or_404(with_logo.called(domain))
    if shown.domain != domain:
        return redirect_renamed(request, domain=shown.domain)
    at = database_clock.now()
    by_it = rows(Article.objects.reachable(at).filter(provider=shown))
    page = _stories(_page(request, by_it, LATEST), at)
    meta = page_meta.for_provider(request, shown, page.rows)
    return _list(request, "provider", page, meta, lists.of_provider(shown), provider=shown)


@require_safe
@public
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a story: its lead, coverage and timeline. A report behind a lead redirects to it."""
    lead = Article.objects.published().for_story().filter(slug=slug).first()
    if lead is None:
        return _instead(request, slug)
    context = story_context(lead, _part(request, len(lead.coverage)))
    context["meta"] = page_meta.for_story(request, lead, context["coverage"])
    context["feeds"] = feed_links(lists.of_story(lead))
    return render_story(request, "articles/article.html", context)


def render_story(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render the context of ``story_context()`` and allow frames from the hosts of its players."""
    response = render(request, template, context)
    if sources := context["featured"].sources:
        # The decorator is meant for views that know their hosts in advance; this one does not.
        csp_replace({"frame-src": sources})(lambda _: response)(request)
    return response


def story_context(lead: Article, part: int = 1) -> dict[str, Any]:
    """Return the context of a story's page. At most one query if ``for_page()`` loaded ``lead``."""
    first, last = (part - 1) * COVERAGE, part * COVERAGE
    is_alike, more = more_on(lead)
    return {
        "article": lead,
        "featured": embeds(lead.featured_content, lead.headline),
        "topics": lead.shown_topics,
        "coverage": lead.coverage[first:last],
        "first_number": first + 1,
        "next_part": part + 1 if len(lead.coverage) > last else 0,
        # A single other report is not enough for a timeline.
        "course": steps(lead, lead.course) if part == 1 and len(lead.coverage) > 1 else [],
        "is_alike": is_alike,
        "more": more,
    }


@contextmanager
def cursor_or_404() -> Iterator[None]:
    """Answer 404 for a cursor that does not come from a page of the list."""
    try:
        yield
    except CursorError as error:
        raise Http404 from error


def _instead(request: HttpRequest, slug: str) -> HttpResponse:
    if lead := Article.objects.lead_of(slug):
        return redirect(lead)
    if Article.objects.withdrawn_from_readers(slug).exists():
        return render(request, "410.html", status=410)
    if moved := Article.objects.moved_from(slug):
        return redirect(moved, permanent=True)
    # Hidden articles must look exactly like missing ones.
    raise Http404


def _published(
    request: HttpRequest, order: Order, render: Callable[[Page[Story]], HttpResponse]
) -> HttpResponse:
    """Render a page of published stories; the first one says what it shows."""
    at = database_clock.now()
    if request.GET.get("after"):
        return render(_stories(_page(request, rows(Article.objects.published(at)), order), at))
    found = first_pages.first_rows(order, at)
    page = _stories(page_from(found, order, PAGE_SIZE), at)
    response = render(page)
    response.shown = first_pages.shown(order, found, page.rows)  # type: ignore[attr-defined]
    return response


def _stories(page: Page[Row], at: datetime) -> Page[Story]:
    return Page(stories(page.rows, at), page.next)


def _page(request: HttpRequest, rows: Any, order: Order, size: int | None = None) -> Page[Any]:
    with cursor_or_404():
        return page_of(rows, order, request.GET.get("after", ""), size or PAGE_SIZE)


def _part(request: HttpRequest, count: int) -> int:
    """Return the requested page of a story's coverage, from 1."""
    text = request.GET.get("part", "1")
    if not text.isdecimal() or len(text) > 6 or not 1 <= int(text) <= max(-(-count // COVERAGE), 1):
        raise Http404
    return int(text)


def _names(
    request: HttpRequest, title: str, page: Page[Any], names: Iterable[_Name]
) -> HttpResponse:
    letters = by_letter(names, lambda one: one.name)
    return _list(request, "names", page, page_meta.for_list(request, title), letters=letters)


def _list(
    request: HttpRequest,
    name: str,
    page: Page[Any],
    meta: PageMeta,
    source: FeedSource | None = None,
    **more: object,
) -> HttpResponse:
    context = {
        "page": page,
        "is_first_page": not request.GET.get("after"),
        "meta": meta,
        "feeds": feed_links(source) if source else [],
    }
    return render(request, f"articles/{name}.html", context | more)

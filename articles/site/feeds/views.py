"""The views of the feeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.templatetags.static import static
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from articles.models import Article, ArticleQuerySet, Topic
from articles.models.orders import FILED, LATEST, TOP
from articles.search import Order as SearchOrder
from articles.site.feeds import lists
from articles.site.feeds.entries import report_entry, story_entry
from articles.site.feeds.formats import FORMATS, clean
from articles.site.feeds.lists import FeedSource, tagline
from articles.site.filters import ArticleFilter, cut_words
from articles.site.page_cache import public
from articles.site.pictures import media_address
from articles.site.renamed import redirect_renamed
from articles.site.views import cursor_or_404
from newsroom import database_clock
from newsroom.absolute_urls import absolute
from newsroom.paging import Order, Page, page_of
from providers.models import Provider

FEED_SIZE: Final = 50
"""Stories in the feed of a list."""
MINUTES_TO_LIVE: Final = 10
"""How long a feed reader should wait before it asks again."""

_View = Callable[..., HttpResponse]


def _feed(view: _View) -> _View:
    @require_safe
    @public
    @wraps(view)
    def answer(request: HttpRequest, **arguments: str) -> HttpResponse:
        response = view(request, **arguments)
        # Feeds are public, so scripts on other sites may read them.
        response["Access-Control-Allow-Origin"] = "*"
        return response

    return answer


@_feed
def front(request: HttpRequest, ending: str) -> HttpResponse:
    return _list(request, ending, lists.front(), Article.objects.published(), TOP)


@_feed
def latest(request: HttpRequest, ending: str) -> HttpResponse:
    return _list(request, ending, lists.latest(), Article.objects.published(), LATEST)


@_feed
def topic(request: HttpRequest, slug: str, ending: str) -> HttpResponse:
    shown = get_object_or_404(Topic.objects.called(slug))
    if shown.slug != slug:
        return redirect_renamed(request, slug=shown.slug)
    stories = Article.objects.published().of_topic(shown)
    return _list(request, ending, lists.of_topic(shown), stories, FILED)


@_feed
def provider(request: HttpRequest, domain: str, ending: str) -> HttpResponse:
    shown = get_object_or_404(Provider.objects.called(domain))
    if shown.domain != domain:
        return redirect_renamed(request, domain=shown.domain)
    stories = Article.objects.published().filter(provider=shown)
    return _list(request, ending, lists.of_provider(shown), stories, LATEST)


@_feed
def search(request: HttpRequest, ending: str) -> HttpResponse:
    """Return the newest hits of a search, with the same filters as the search page."""
    at = database_clock.now()
    published = Article.objects.published(at).with_last_change()
    cut_words(request)
    narrowed = ArticleFilter(request.GET, queryset=published)
    with cursor_or_404():
        page = narrowed.found(SearchOrder.LATEST, request.GET.get("after", ""), size=FEED_SIZE)
    return _page_of(request, ending, lists.of_search(request.GET), page, at)


@_feed
def article(request: HttpRequest, slug: str, ending: str) -> HttpResponse:
    """Return a story: its lead and all coverage, newest first."""
    at = database_clock.now()
    story = Article.objects.published(at).for_feed(at).filter(slug=slug).first()
    if story is None:
        lead = Article.objects.lead_of(slug, at)
        # Hidden articles must look exactly like missing ones.
        if lead is None:
            if moved := Article.objects.moved_from(slug, at):
                return redirect(lists.of_story(moved).feed_address(ending), permanent=True)
            raise Http404
        return redirect(lists.of_story(lead).feed_address(ending))
    for link in story.coverage_links:
        link.target.changed_for_readers_at = link.changed_for_readers_at
    newest = sorted([story, *story.coverage], key=lambda one: one.slug)
    newest.sort(key=lambda one: one.published_at, reverse=True)
    entries = (
        story_entry(request, one, at) if one is story else report_entry(request, one, story, at)
        for one in newest
    )
    return _answer(request, ending, lists.of_story(story), entries)


def _list(
    request: HttpRequest, ending: str, source: FeedSource, stories: ArticleQuerySet, order: Order
) -> HttpResponse:
    at = database_clock.now()
    with cursor_or_404():
        rows = stories.for_list(at).with_last_change()
        page = page_of(rows, order, request.GET.get("after", ""), FEED_SIZE)
    return _page_of(request, ending, source, page, at)


def _page_of(
    request: HttpRequest, ending: str, source: FeedSource, page: Page[Article], at: datetime
) -> HttpResponse:
    entries = (story_entry(request, story, at) for story in page.rows)
    return _answer(request, ending, source, entries, page.next)


def _answer(
    request: HttpRequest,
    ending: str,
    source: FeedSource,
    entries: Iterable[dict[str, Any]],
    following: str = "",
) -> HttpResponse:
    address = absolute(request, source.feed_address(ending))
    after = request.GET.get("after", "") if source.page != "article" else ""
    logo = settings.SITE_LOGO
    described = {
        "title": source.full_title,
        "link": absolute(request, source.page_address),
        "description": tagline(),
        "subtitle": tagline(),
        "feed_url": _page(address, after),
        "feed_guid": address,
        "next_url": _page(address, following) if following else "",
        "language": get_language(),
        "ttl": MINUTES_TO_LIVE,
        "generator": "Newsroom",
        "icon": _file(request, "articles/icon.svg"),
        "logo": logo and _file(request, logo),
    }
    feed = FORMATS[ending](**clean(described))
    for entry in entries:
        feed.add_item(**clean(entry))
    response = HttpResponse(content_type=feed.content_type)
    feed.write(response, "utf-8")
    return response


def _page(address: str, cursor: str) -> str:
    if not cursor:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'after': cursor})}"


def _file(request: HttpRequest, name: str) -> str:
    path = name if name.startswith("/") else static(name)
    return media_address(request, path)

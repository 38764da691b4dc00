"""The public pages: the same for everybody, and marked so that ``articles/site/page_cache.py`` keeps them."""

from __future__ import annotations

from typing import Any, Final

from csp.decorators import csp_replace
from django.conf import settings
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from articles.models import Article, Topic
from articles.models.orders import FILED, LATEST, PROVIDERS, TOP, TOPICS
from articles.site import page_meta
from articles.site.arranging import by_letter, frequent_topics, steps
from articles.site.feeds import lists
from articles.site.feeds.lists import Followed, feed_links
from articles.site.indexes import has_reports, listed_providers, listed_topics
from articles.site.page_cache import public
from articles.site.page_meta import PageMeta
from newsroom.paging import CursorError, Order, Page, page_of
from newsroom.sanitizing import embeds
from providers.models import Provider

PAGE_SIZE: Final = 25
"""Stories on a page of a list."""
NAMES: Final = 200
"""Topics or providers on a page of theirs."""
COVERAGE: Final = 50
"""Reports on a page of a story's coverage."""
MORE: Final = 5
"""Other stories of the topic, beside a story."""
TOPICS_ABOVE: Final = 12
"""Topics named above the stories of the front page."""


@require_safe
@public
def front(request: HttpRequest) -> HttpResponse:
    """Show the hottest stories first; heat cools with age."""
    page = _page(request, Article.objects.published().for_list(), TOP, PAGE_SIZE)
    meta = page_meta.for_list(request, settings.SITE_NAME, stories=page.rows)
    topics = frequent_topics(page.rows, TOPICS_ABOVE)
    return _list(request, "front", page, meta, lists.front(), topics=topics)


@require_safe
@public
def latest(request: HttpRequest) -> HttpResponse:
    """Show the stories, newest first."""
    page = _page(request, Article.objects.published().for_list(), LATEST, PAGE_SIZE)
    meta = page_meta.for_list(request, _("Latest"), stories=page.rows)
    return _list(request, "latest", page, meta, lists.latest())


@require_safe
@public
def topics(request: HttpRequest) -> HttpResponse:
    """List the topics that readers find something in, by name."""
    page = _page(request, listed_topics().select_related("parent"), TOPICS, NAMES)
    meta = page_meta.for_list(request, _("Topics"))
    letters = by_letter(page.rows, lambda one: one.name)
    return _list(request, "topics", page, meta, letters=letters)


@require_safe
@public
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a topic's reports, newest first: leads, and coverage marked as such."""
    below = Q(has_reports(), parent__slug=slug)
    family = list(Topic.objects.filter(below | Q(slug=slug)).select_related("parent"))
    shown = next((one for one in family if one.slug == slug), None)
    if shown is None:
        raise Http404
    about = Article.objects.reachable().of_topic(shown).for_list()
    page = _page(request, about, FILED, PAGE_SIZE)
    meta = page_meta.for_topic(request, shown, page.rows)
    children = [one for one in family if one is not shown]
    return _list(
        request, "topic", page, meta, lists.of_topic(shown), topic=shown, children=children
    )


@require_safe
@public
def providers(request: HttpRequest) -> HttpResponse:
    """List the providers that readers find something by, by name."""
    page = _page(request, listed_providers(), PROVIDERS, NAMES)
    meta = page_meta.for_list(request, _("Publishers"))
    letters = by_letter(page.rows, lambda one: one.name or one.domain)
    return _list(request, "providers", page, meta, letters=letters)


@require_safe
@public
def provider(request: HttpRequest, domain: str) -> HttpResponse:
    """Show a provider's reports, newest first: leads, and coverage marked as such."""
    shown = get_object_or_404(Provider.objects.select_related("kept_logo__stored"), domain=domain)
    by_it = Article.objects.reachable().filter(provider=shown).for_list()
    page = _page(request, by_it, LATEST, PAGE_SIZE)
    meta = page_meta.for_provider(request, shown, page.rows)
    return _list(request, "provider", page, meta, lists.of_provider(shown), provider=shown)


@require_safe
@public
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a story: its lead, all coverage and its course; a superseded one leads to its lead."""
    lead = Article.objects.published().for_story().filter(slug=slug).first()
    if lead is None:
        return _instead(request, slug)
    context = story_context(lead, _part(request, len(lead.coverage)))
    context["meta"] = page_meta.for_story(request, lead, context["coverage"])
    context["feeds"] = feed_links(lists.of_story(lead))
    return render_story(request, "articles/article.html", context)


def render_story(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render what ``story_context()`` gave, and allow the hosts of its players to fill frames."""
    response = render(request, template, context)
    if sources := context["featured"].sources:
        # A decorator, which marks the answer of a view that knows its hosts beforehand.
        csp_replace({"frame-src": sources})(lambda _: response)(request)
    return response


def story_context(lead: Article, part: int = 1) -> dict[str, Any]:
    """Return what a story's page shows; ``for_page()`` loaded ``lead``. One query at most."""
    topics = [link.topic for link in lead.topic_links.all()]
    more = Article.objects.published().exclude(pk=lead.pk).for_mention()
    first, last = (part - 1) * COVERAGE, part * COVERAGE
    return {
        "article": lead,
        "featured": embeds(lead.featured_content, lead.headline),
        "topics": topics,
        "coverage": lead.coverage[first:last],
        "first_number": first + 1,
        "next_part": part + 1 if len(lead.coverage) > last else 0,
        # With a single other report there is nothing to follow.
        "course": steps(lead, lead.course) if part == 1 and len(lead.coverage) > 1 else [],
        "more": page_of(more.of_topic(topics[0]), FILED, "", MORE).rows if topics else [],
    }


def _instead(request: HttpRequest, slug: str) -> HttpResponse:
    if lead := Article.objects.lead_of(slug):
        return redirect(lead)
    if Article.objects.withdrawn_from_readers().filter(slug=slug).exists():
        return render(request, "410.html", status=410)
    # The same answer for what readers may not see as for what does not exist.
    raise Http404


def _page(request: HttpRequest, rows: Any, order: Order, size: int) -> Page[Any]:
    try:
        return page_of(rows, order, request.GET.get("after", ""), size)
    except CursorError as error:
        raise Http404 from error


def _part(request: HttpRequest, count: int) -> int:
    """Return the part of a story's coverage that is asked for, from 1."""
    text = request.GET.get("part", "1")
    if not text.isdecimal() or len(text) > 6 or not 1 <= int(text) <= max(-(-count // COVERAGE), 1):
        raise Http404
    return int(text)


def _list(
    request: HttpRequest,
    name: str,
    page: Page[Any],
    meta: PageMeta,
    followed: Followed | None = None,
    **more: object,
) -> HttpResponse:
    """Show a page of a list, where it stands in the list, and how to follow that."""
    context = {
        "page": page,
        "is_first_page": not request.GET.get("after"),
        "meta": meta,
        "feeds": feed_links(followed) if followed else [],
    }
    return render(request, f"articles/{name}.html", context | more)

"""The page of one queue: what waits in it, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_slug
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from articles import heat
from articles.models import Article
from articles.newsdesk.queues import BY_KEY, QUEUES, Queue
from newsroom.capped_count import count_capped, count_in_words

PAGE_SIZE: Final = 50
"""Articles on a page of a queue."""


@require_safe
def queue_page(request: HttpRequest, key: str) -> HttpResponse:
    """List the articles of a queue, a page at a time. The same queries however many there are."""
    if not admin.site.get_model_admin(Article).has_view_permission(request):
        raise PermissionDenied
    queue = BY_KEY.get(key)
    if queue is None:
        raise Http404("There is no such queue.")
    at = timezone.now()
    policy = heat.current_policy()
    waiting = queue.articles(at, policy)
    after = request.GET.get("after", "")
    behind = queue.after(waiting, *_read_place(after)) if after else waiting
    # One more than is shown tells whether there is another page.
    found = list(
        behind.select_related("provider", "decided_by")
        .with_story_size(at)
        .defer("body", "featured_content")[: PAGE_SIZE + 1]
    )
    articles = found[:PAGE_SIZE]
    reasons = queue.reasons(articles, at, policy)
    context = admin.site.each_context(request) | {
        "title": queue.title,
        "opts": Article._meta,
        "queue": queue,
        "queues": QUEUES,
        "count": count_in_words(count_capped(waiting)),
        "rows": [(article, article.state_at(at), reasons.get(article.pk)) for article in articles],
        "is_first_page": not after,
        "next": _place(queue, articles[-1]) if len(found) > PAGE_SIZE else "",
    }
    return render(request, "admin/articles/article/queue.html", context)


def _place(queue: Queue, last: Article) -> str:
    """Name the place behind an article, for an address."""
    moment: datetime = getattr(last, queue.moment)
    text = moment.astimezone(UTC).isoformat().removesuffix("+00:00")
    return urlencode({"after": f"{text}Z,{last.slug}"})


def _read_place(text: str) -> tuple[datetime, str]:
    moment, _, slug = text.partition(",")
    try:
        validate_slug(slug)
        parsed = datetime.fromisoformat(moment)
        # Without an offset it would be somebody else's time; near year 1 or 9999 it overflows.
        if parsed.tzinfo is None:
            raise Http404
        return parsed.astimezone(UTC), slug
    except (ValueError, OverflowError, ValidationError) as error:
        raise Http404 from error

"""The public pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from articles.models import Article

PAGE_SIZE: Final = 25
"""Stories on a page of a list."""


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Show what is published, newest first, each story with its coverage."""
    stories = Article.objects.published().newest_first().for_list()
    before = request.GET.get("before", "")
    if before:
        stories = stories.after(*_read_cursor(before))
    # One more than is shown tells whether there is another page.
    page = list(stories[: PAGE_SIZE + 1])
    context = {
        "stories": page[:PAGE_SIZE],
        "is_first_page": not before,
        "older": _cursor(page[PAGE_SIZE - 1]) if len(page) > PAGE_SIZE else "",
    }
    return render(request, "articles/front.html", context)


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one published article; send readers of a superseded one to its lead."""
    shown = Article.objects.published().for_page().filter(slug=slug).first()
    if shown is None:
        lead = Article.objects.lead_of(slug)
        # The same answer for what readers may not see as for what does not exist.
        if lead is None:
            raise Http404
        return redirect(lead)
    return render(request, "articles/article.html", {"article": shown})


def _cursor(last: Article) -> str:
    return f"{last.published_at.astimezone(UTC).isoformat().removesuffix('+00:00')}Z,{last.slug}"


def _read_cursor(text: str) -> tuple[datetime, str]:
    moment, _, slug = text.partition(",")
    try:
        validate_slug(slug)
        published_at = datetime.fromisoformat(moment)
        # Without an offset it would be somebody else's time; near year 1 or 9999 it overflows.
        if published_at.tzinfo is None:
            raise Http404
        return published_at.astimezone(UTC), slug
    except (ValueError, OverflowError, ValidationError) as error:
        raise Http404 from error

"""Views of pages beside Django's own: who may open them, and where they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from articles.models import Article

_View = Callable[..., HttpResponseBase]
Trail = list[tuple[str, str]]
"""URL and title of each page above a page, the topmost first."""


def allow(permission: str, *methods: str) -> Callable[[_View], _View]:
    """Limit a view to users with ``permission``, and to ``methods`` (default: GET and HEAD)."""

    def decorate(view: _View) -> _View:
        @require_http_methods(methods or ("GET", "HEAD"))
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return decorate


def trail_to(article: Article) -> Trail:
    """Return the pages above a page about ``article``, with its own page last."""
    return [
        (reverse("admin:articles_article_changelist"), "Articles"),
        (reverse("admin:articles_article_change", args=[article.pk]), article.headline),
    ]


def version_seen(request: HttpRequest) -> int:
    """Return the version of the article that the editor saw; 0, which no article has, if unknown."""
    seen = request.POST.get("seen_version", "")
    return int(seen) if seen.isdecimal() and len(seen) < 10 else 0

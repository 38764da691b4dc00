"""Permissions and breadcrumbs of pages that are not Django's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy
from django.utils.functional import Promise
from django.views.decorators.http import require_http_methods

from articles.models import Article

_View = Callable[..., HttpResponseBase]
VIEW: Final = "articles.view_article"

Trail = list[tuple[str | Promise, str]]
"""The URL and title of each page above a page, topmost first."""


def allow(permission: str, *methods: str) -> Callable[[_View], _View]:
    """Limit a view to users with ``permission`` and to ``methods`` (by default GET and HEAD)."""

    def decorate(view: _View) -> _View:
        @require_http_methods(methods or ("GET", "HEAD"))
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return decorate


ARTICLES: Final = (reverse_lazy("admin:articles_article_changelist"), "Articles")
"""The list of articles, where most trails begin."""


def trail_to(article: Article) -> Trail:
    """Return the pages above a page about ``article``; the article's own page comes last."""
    return [
        ARTICLES,
        (reverse("admin:articles_article_change", args=[article.pk]), article.headline),
    ]


def article_or_404(pk: int) -> Article:
    """Return an article with its provider and the user who decided on it, or raise ``Http404``."""
    articles = Article.objects.select_related("provider", "decided_by")
    return get_object_or_404(articles, pk=pk)


def version_seen(request: HttpRequest) -> int:
    """Return the article version that the editor saw.

    If it is unknown, return 0, which no article has.
    """
    seen = request.POST.get("seen_version", "")
    return int(seen) if seen.isdecimal() and len(seen) < 10 else 0

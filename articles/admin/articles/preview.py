"""The public page of an article that readers do not see, for those who decide about it."""

from __future__ import annotations

from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from articles.models import Article
from articles.site.views import render_story, story_context


def urls(site: AdminSite) -> list[URLPattern]:
    """Return the address of this page."""
    return [
        path("<int:pk>/preview/", site.admin_view(preview), name="articles_article_preview"),
    ]


@require_safe
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what readers would see, with its coverage as they would see it; never cached.

    A published article has a page of its own.
    """
    if not request.user.has_perm("articles.view_article"):
        raise PermissionDenied
    article = get_object_or_404(Article.objects.for_story(), pk=pk)
    if article.is_published():
        return redirect(article)
    response = render_story(request, "admin/articles/desk/preview.html", story_context(article))
    response["Cache-Control"] = "no-store, private"
    response["X-Robots-Tag"] = "noindex"
    return response

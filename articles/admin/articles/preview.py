"""A preview of an unpublished article's public page, for users with permission."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from articles.admin.pages import VIEW, allow
from articles.models import Article
from articles.site.views import render_story, story_context


@allow(VIEW)
def preview(request: HttpRequest, article_id: int) -> HttpResponse:
    """Show the page and the coverage as readers would see them.

    The response is never cached. A published article already has its own page.
    """
    article = get_object_or_404(Article.objects.for_story(), pk=article_id)
    if article.is_published():
        return redirect(article)
    response = render_story(request, "admin/articles/desk/preview.html", story_context(article))
    response["Cache-Control"] = "no-store, private"
    response["X-Robots-Tag"] = "noindex"
    return response

"""The page that says how good the suggested qualities are."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from articles.admin.decisions.confirmation import answer
from articles.admin.pages import ARTICLES, VIEW, allow
from articles.models import QualityModel


@allow(VIEW, "GET", "HEAD")
def suggested_quality(request: HttpRequest) -> HttpResponse:
    """Compare the error of the suggestions on later scores with that of the provider's mean."""
    context = {
        "title": "Suggested quality",
        "trail": [ARTICLES],
        "model": QualityModel.objects.first(),
    }
    return answer(request, "suggested_quality", context)

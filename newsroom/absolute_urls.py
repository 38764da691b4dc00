"""Absolute addresses of our own pages, for feeds, sitemaps and whoever quotes us."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def absolute(request: HttpRequest, path: str) -> str:
    """Return the whole address of a path of this site: under ``SITE_URL``, or where we were asked."""
    origin = settings.SITE_URL or f"{request.scheme}://{request.get_host()}"
    return f"{origin}{path}"

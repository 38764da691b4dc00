"""Absolute URLs of this site, for feeds, sitemaps and the API."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def absolute(request: HttpRequest, path: str) -> str:
    """Return the absolute URL of a path, under ``SITE_URL`` or else the host of the request."""
    origin = settings.SITE_URL or f"{request.scheme}://{request.get_host()}"
    return f"{origin}{path}"

"""Permanent redirects from the former slugs of topics and the former domains of providers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.urls import reverse


def redirect_renamed(request: HttpRequest, **names: str) -> HttpResponsePermanentRedirect:
    """Redirect to the same URL with the current ``names``, and the same query."""
    match: Any = request.resolver_match
    address = reverse(match.view_name, kwargs=match.kwargs | names)
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)

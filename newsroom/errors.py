"""Error pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from newsroom.context_processors import site


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the site's own page for status 500.

    It uses only the path of the request and no database, because either may have failed.
    """
    page = render_to_string("500.html", {"request": request, **site(request)})
    return HttpResponse(page, status=500)

"""Error pages."""

from __future__ import annotations

import sys
from http import HTTPStatus
from typing import Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from newsroom.context_processors import site

UNAVAILABLE: Final = (OperationalError, InterfaceError)
"""Errors of a database that is down, full, overloaded or locked. They are temporary."""
RETRY_AFTER: Final = 10
"""Seconds after which a client should try again when the database failed."""
NOT_NOW: Final = "The database does not answer. Please try again in a minute."


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the site's own page for status 500, or for 503 if the database failed.

    This uses only the path of the request and no database, because anything else may have failed.
    Django calls this while it handles the error.
    """
    if isinstance(sys.exception(), UNAVAILABLE):
        return _unavailable(request)
    page = render_to_string("500.html", {"request": request, **site(request)})
    return HttpResponse(page, status=500)


def _unavailable(request: HttpRequest) -> HttpResponse:
    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"}
    if request.path.startswith("/api/"):
        problem = {"type": "about:blank", "title": status.phrase, "status": status}
        return JsonResponse(
            problem | {"detail": NOT_NOW},
            status=status,
            headers=headers,
            content_type="application/problem+json",
        )
    page = render_to_string("503.html", {"request": request, **site(request)})
    return HttpResponse(page, status=status, headers=headers)

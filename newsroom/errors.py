"""What is answered where a page failed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from newsroom.context_processors import site


def server_error(request: HttpRequest) -> HttpResponse:
    """Say so in the site's own dress, which Django's view does not know.

    Nothing of the request but its path is looked at, and no database asked: either may be what failed.
    """
    page = render_to_string("500.html", {"request": request, **site(request)})
    return HttpResponse(page, status=500)

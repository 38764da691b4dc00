"""The site's addresses, and beside them the files of kept images, as a web server gives them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path
from django.views.static import serve

from newsroom import urls

handler500 = urls.handler500


def _media(request: HttpRequest, name: str) -> HttpResponseBase:
    return serve(request, name, document_root=settings.MEDIA_ROOT)


urlpatterns: list[Any] = [path("media/<path:name>", _media), *urls.urlpatterns]

"""Serving stored images when no web server does."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from articles.models.stored_image import name_of

NAME: Final = r"images/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}-[1-9][0-9]{0,4}\.(?:avif|webp|jpeg)"
_PARTS: Final = re.compile(r".*/(?P<digest>\w+)-(?P<width>\d+)\.(?P<kind>\w+)")


class CopyConverter(StringConverter):
    """Matches the storage name of a copy. No other stored file has a URL."""

    regex = NAME


register_converter(CopyConverter, "copy")


def routes(media_url: str) -> list[URLPattern]:
    """Return the route for copies under ``MEDIA_URL``; empty if another host serves them."""
    address = urlsplit(media_url)
    if address.netloc:
        return []
    return [path(f"{address.path.lstrip('/')}<copy:name>", kept, name="kept-image")]


@require_safe
@cache_control(public=True, max_age=31536000, immutable=True)
def kept(request: HttpRequest, name: str) -> HttpResponse:
    """Return a copy of a stored image. The content behind a name never changes."""
    parts = _PARTS.fullmatch(name)
    if not parts or name_of(parts["digest"], int(parts["width"]), parts["kind"]) != name:
        raise Http404
    try:
        with default_storage.open(name) as file:
            data = file.read()
    except OSError as error:
        raise Http404 from error
    response = HttpResponse(data, content_type=f"image/{parts['kind']}")
    etag = f'"{parts["digest"]}-{parts["width"]}-{parts["kind"]}"'
    response["ETag"] = etag
    answer = get_conditional_response(request, etag=etag, response=response) or response
    # Nothing in the file may run, even if a browser mistakes it for a page.
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer

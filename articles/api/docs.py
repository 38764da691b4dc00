"""The OpenAPI schema, and the page that shows it."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request
from rest_framework.response import Response

from articles.api.views import PublicView, public
from articles.site import page_cache

CONTENT_TYPE: Final = "application/vnd.oai.openapi+json"


@cache
def schema() -> dict[str, Any]:
    """Return the OpenAPI 3.1 schema. It is built once per process."""
    generator: Any = SchemaGenerator
    made: dict[str, Any] = generator().get_schema(public=True)
    return made


@public
class SchemaView(PublicView):
    schema = None

    def get(self, _request: Request) -> Response:
        return Response(schema(), content_type=CONTENT_TYPE)


@require_safe
@page_cache.public
def docs(request: HttpRequest) -> HttpResponse:
    """Show the schema with Swagger UI, which is loaded from this site only."""
    return render(request, "articles/api_docs.html")

"""Base classes of the API's views."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from articles.api.schema import Schema
from articles.api.throttling import ByAddress
from articles.site import page_cache

public = method_decorator(page_cache.public, name="get")


class AlwaysTheSame(BaseContentNegotiation):
    """Always JSON: no response depends on ``Accept``, so none needs to vary by it."""

    def select_parser(self, request: Request, parsers: Any) -> None:
        return

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """A view that refuses unknown query parameters."""

    content_negotiation_class: type[BaseContentNegotiation] = AlwaysTheSame
    schema = Schema()

    parameters: ClassVar[frozenset[str]] = frozenset()
    """The query parameters it takes, each once unless ``repeatable``."""
    repeatable: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise ``ValidationError`` for unknown parameters: ignoring a misspelled filter would mislead."""
        super().initial(request, *args, **kwargs)
        if any("\0" in part for part in kwargs.values() if isinstance(part, str)):
            # No stored text has a NUL, and PostgreSQL raises an error for one.
            raise NotFound
        errors = {}
        for name, values in request.query_params.lists():
            if name not in self.parameters:
                known = ", ".join(sorted(self.parameters)) or "none"
                errors[name[:100]] = [f"Unknown parameter. Known parameters: {known}."]
            elif len(values) > 1 and name not in self.repeatable:
                errors[name] = ["Only one value is allowed."]
            elif any("\0" in value for value in values):
                errors[name] = ["NUL is not allowed."]
        if errors:
            raise ValidationError(errors)

    @extend_schema(exclude=True)
    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return Response(status=204)


class PublicView(ApiView):
    throttle_classes = [ByAddress]


class NothingView(PublicView):
    """404 for every other URL below ``/api/``."""

    @extend_schema(exclude=True)
    def get(self, request: Request, **_kwargs: Any) -> Response:
        raise NotImplementedError("initial() has refused the request.")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("Not found. /api/docs/ lists all URLs.")

"""Base classes of the API's views."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest
from django.utils.decorators import method_decorator
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from articles.api.schema import Schema
from articles.api.throttling import ByAddress
from articles.site import page_cache

public = method_decorator(page_cache.public, name="get")


class AlwaysTheSame(DefaultContentNegotiation):
    """Always return JSON: no response depends on ``Accept``, so none needs to vary by it."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """A view that refuses unknown query parameters."""

    content_negotiation_class = AlwaysTheSame
    schema: Any = Schema()

    serializer_class: ClassVar[type[Serializer[Any]]]
    """The serializer of its response."""
    tag: ClassVar[str]
    """The group of its operations in the schema."""
    shared_statuses: ClassVar[tuple[int, ...]] = ()
    """Response statuses that all views of its kind share."""
    statuses: ClassVar[tuple[int, ...]] = ()
    """Response statuses of this view only."""
    parameters: ClassVar[tuple[OpenApiParameter, ...]] = ()
    """The query parameters and headers that it accepts; lists may be repeated."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise ``ValidationError`` for unknown parameters: ignoring a misspelled filter would
        mislead clients.
        """
        super().initial(request, *args, **kwargs)
        if any("\0" in part for part in kwargs.values() if isinstance(part, str)):
            # No stored text contains NUL, and PostgreSQL raises an error for it.
            raise NotFound
        taken = {one.name: one for one in self.parameters if one.location == OpenApiParameter.QUERY}
        errors = {}
        for name, values in request.query_params.lists():
            if name not in taken:
                known = ", ".join(sorted(taken)) or "none"
                errors[name[:100]] = [f"Unknown parameter. Known parameters: {known}."]
            elif len(values) > 1 and not _is_list(taken[name]):
                errors[name] = ["Only one value is allowed."]
            elif any("\0" in value for value in values):
                errors[name] = ["NUL is not allowed."]
        if errors:
            raise ValidationError(errors)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return Response(status=204)


def _is_list(parameter: OpenApiParameter) -> bool:
    """Return whether a parameter may be repeated. Others are a list in one value, or not a list."""
    kind = parameter.type
    return isinstance(kind, dict) and kind["type"] == "array" and parameter.explode is not False


class PublicView(ApiView):
    throttle_classes = [ByAddress]
    shared_statuses = (304,)


class NothingView(PublicView):
    """404 for every other URL below ``/api/``."""

    schema = None

    def get(self, request: Request, **_kwargs: Any) -> Response:
        raise NotImplementedError("initial() has refused the request.")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("Not found. /api/docs/ lists all URLs.")

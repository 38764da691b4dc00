"""What the views of the API have in common."""

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
    """JSON, whatever is asked for: no answer depends on ``Accept``, so none varies by it."""

    def select_parser(self, request: Request, parsers: Any) -> None:
        """Read no body."""
        return

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        """Take the first, and only one."""
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """A view that refuses parameters it does not know."""

    content_negotiation_class: type[BaseContentNegotiation] = AlwaysTheSame
    schema = Schema()

    parameters: ClassVar[frozenset[str]] = frozenset()
    """The parameters of the query that it takes, each once unless ``repeatable``."""
    repeatable: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a misspelled parameter: left out, it would give other rows than were asked for."""
        super().initial(request, *args, **kwargs)
        if any("\0" in part for part in kwargs.values() if isinstance(part, str)):
            # No text that is stored has one, and PostgreSQL refuses to look for it.
            raise NotFound
        errors = {}
        for name, values in request.query_params.lists():
            if name not in self.parameters:
                known = ", ".join(sorted(self.parameters)) or "none"
                errors[name[:100]] = [f"There is no such parameter. There are: {known}."]
            elif len(values) > 1 and name not in self.repeatable:
                errors[name] = ["Give it once."]
            elif any("\0" in value for value in values):
                errors[name] = ["No text has a NUL in it."]
        if errors:
            raise ValidationError(errors)

    @extend_schema(exclude=True)
    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Say what may be done here: ``Allow`` is on every answer."""
        return Response(status=204)


class PublicView(ApiView):
    """A view that anybody may read."""

    throttle_classes = [ByAddress]


class NothingView(PublicView):
    """Answer for every address below ``/api/`` at which there is nothing."""

    @extend_schema(exclude=True)
    def get(self, request: Request, **_kwargs: Any) -> Response:
        """Refuse."""
        raise NotFound("There is nothing at this address. /api/docs/ says what there is.")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse whatever is asked, by whatever method, alike."""
        raise NotFound("There is nothing at this address. /api/docs/ says what there is.")

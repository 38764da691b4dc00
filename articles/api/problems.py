"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.core.signals import got_request_exception
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import exception_handler

from newsroom.errors import UNAVAILABLE
from newsroom.iso_dates import iso

CONTENT_TYPE: Final = "application/problem+json"

_log = logging.getLogger(__name__)


class WrongParameterSerializer(serializers.Serializer[Any]):
    parameter = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    type = serializers.CharField(help_text="Always about:blank; the status is the type.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is wrong and what to do.")
    errors = WrongParameterSerializer(  # type: ignore[assignment]
        many=True, required=False, help_text="One for each wrong parameter."
    )


class _Iso(serializers.CharField):
    def to_representation(self, value: Any) -> str:
        return iso(value)


class ActSinceSerializer(serializers.Serializer[Any]):
    """A decision made in the meantime; load ``act__by``."""

    act = serializers.IntegerField(source="act_id")
    verb = serializers.CharField(source="act.verb")
    at = _Iso(source="act.at")
    by = serializers.CharField(
        source="act.by.username", allow_null=True, help_text="null for the system."
    )
    reason = serializers.CharField(source="act.reason")
    version = serializers.IntegerField()


class StaleProblemSerializer(ProblemSerializer):
    """The error of a decision that was based on an older version of the article."""

    version = serializers.IntegerField(help_text="The article's current version, as in ETag.")
    meanwhile = ActSinceSerializer(
        many=True,
        help_text="Decisions since the version in If-Match, newest first. Imports are not listed.",
    )


class ProblemError(exceptions.APIException):
    """A refused request. ``members`` are added to the problem details."""

    def __init__(self, status: HTTPStatus, detail: str, etag: str = "", **members: Any) -> None:
        self.status_code, self.etag, self.members = status, etag, members
        super().__init__(detail)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the response for an error in a view. Django REST framework calls this."""
    if isinstance(error, UNAVAILABLE):
        # Raise it again, so that it gets the same answer as everywhere else.
        return None
    answer = exception_handler(error, context)
    if answer is None:
        if settings.DEBUG:
            return None
        _log.exception("The API failed at %r", context["request"].path, exc_info=error)
        # Django does this for its own views. Error monitoring needs it.
        got_request_exception.send(sender=None, request=context["request"])
        answer = Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)
    answer.data = problem(answer.status_code, answer.data)
    if isinstance(error, ProblemError):
        answer.data |= error.members
        if error.etag:
            answer["ETag"] = error.etag
    answer.content_type = CONTENT_TYPE
    answer["Cache-Control"] = "no-store"
    return answer


def problem(status: int, said: Any) -> dict[str, Any]:
    """Return the problem details for a status and the framework's error data."""
    title = HTTPStatus(status).phrase
    found: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if isinstance(said, Mapping) and "detail" in said:
        return found | {"detail": str(said["detail"])}
    if isinstance(said, Mapping):
        errors = list(_errors(said))
        detail = " ".join(f"{one['parameter']}: {one['detail']}" for one in errors)
        return found | {"detail": detail, "errors": errors}
    return found | {
        "detail": "The server failed. The error has been logged; please try again later."
    }


def _errors(said: Mapping[Any, Any], of: str = "") -> Iterator[dict[str, str]]:
    for name, details in said.items():
        path = f"{of}{name}"
        if isinstance(details, Mapping):
            # Errors of list items are keyed by position.
            yield from _errors(details, f"{path}.")
            continue
        for detail in details if isinstance(details, list) else [details]:
            yield {"parameter": path, "detail": str(detail)}

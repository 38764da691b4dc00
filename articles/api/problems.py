"""Errors as problem details (RFC 9457): what is wrong, and with which parameter."""

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

CONTENT_TYPE: Final = "application/problem+json"

_log = logging.getLogger(__name__)


class WrongParameterSerializer(serializers.Serializer[Any]):
    """One parameter, and what is wrong with it."""

    parameter = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """What went wrong."""

    type = serializers.CharField(help_text="Always about:blank: the status says what kind it is.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is wrong, and what to do.")
    errors = WrongParameterSerializer(  # type: ignore[assignment]
        many=True, required=False, help_text="Of each parameter that is wrong."
    )


class ActSinceSerializer(serializers.Serializer[Any]):
    """What somebody did meanwhile."""

    act = serializers.IntegerField()
    verb = serializers.CharField()
    at = serializers.CharField()
    by = serializers.CharField(allow_null=True, help_text="null: the system.")
    reason = serializers.CharField()
    version = serializers.IntegerField()


class StaleProblemSerializer(ProblemSerializer):
    """An act that came too late."""

    version = serializers.IntegerField(help_text="Of the article as it is now; so has ETag.")
    meanwhile = ActSinceSerializer(
        many=True,
        help_text="Acts on it since the version that was named, newest first; imports are no acts.",
    )


class GoneError(exceptions.APIException):
    """What was asked for was there once."""

    status_code = HTTPStatus.GONE
    default_detail = "This is no longer here."
    default_code = "gone"


class DeskError(exceptions.APIException):
    """What an act at the newsdesk is refused for; ``members`` are told beside the words."""

    def __init__(self, detail: str, etag: str = "", **members: Any) -> None:
        self.etag, self.members = etag, members
        super().__init__(detail)


class ConflictError(DeskError):
    """An act that makes no sense for what it is about."""

    status_code = HTTPStatus.CONFLICT


class StaleTagError(DeskError):
    """A tag that is not, or no longer, that of the article."""

    status_code = HTTPStatus.PRECONDITION_FAILED


class NoTagError(DeskError):
    """No word of which state was decided on."""

    status_code = HTTPStatus.PRECONDITION_REQUIRED


class KeyReusedError(DeskError):
    """An idempotency key that stands for another request."""

    status_code = HTTPStatus.UNPROCESSABLE_ENTITY


class TooLargeError(DeskError):
    """A body larger than any sound one."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an error of a view; the framework calls this. Its own say more where they may."""
    answer = exception_handler(error, context)
    if answer is None:
        if settings.DEBUG:
            return None
        _log.exception("The API failed at %r", context["request"].path, exc_info=error)
        # As Django does for views that are not the framework's: whoever watches for failures.
        got_request_exception.send(sender=None, request=context["request"])
        answer = Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)
    answer.data = problem(answer.status_code, answer.data)
    if isinstance(error, DeskError):
        answer.data |= error.members
        if error.etag:
            answer["ETag"] = error.etag
    answer.content_type = CONTENT_TYPE
    answer["Cache-Control"] = "no-store"
    return answer


def problem(status: int, said: Any) -> dict[str, Any]:
    """Return the problem details of a status, with what the framework said."""
    title = HTTPStatus(status).phrase
    found: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if isinstance(said, Mapping) and "detail" in said:
        return found | {"detail": str(said["detail"])}
    if isinstance(said, Mapping):
        errors = list(_errors(said))
        detail = " ".join(f"{one['parameter']}: {one['detail']}" for one in errors)
        return found | {"detail": detail, "errors": errors}
    return found | {"detail": "Something failed here. It has been noted; please try again later."}


def _errors(said: Mapping[Any, Any], of: str = "") -> Iterator[dict[str, str]]:
    for name, details in said.items():
        path = f"{of}{name}"
        if isinstance(details, Mapping):
            # Of the members of a list, by their number.
            yield from _errors(details, f"{path}.")
            continue
        for detail in details if isinstance(details, list) else [details]:
            yield {"parameter": path, "detail": str(detail)}

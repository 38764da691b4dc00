"""How the schema is made: what every answer may be beside the good one."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from articles.api.problems import CONTENT_TYPE, ProblemSerializer

_SAID: Final = {
    302: "What stands for it is elsewhere: see Location.",
    304: "Nothing has changed since the answer that the request names.",
    400: "A parameter is wrong: errors names it.",
    404: "There is no such thing, or nobody may know of it.",
    410: "This is no longer here.",
    429: "Too many requests from one address: wait.",
    500: "Something failed here.",
}
_RETRY: Final = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, description="Seconds to wait.", response=[429]
)
_LOCATION: Final = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, description="Where it is.", response=[302]
)


def responses(serializer: Any, *statuses: int) -> dict[Any, Any]:
    """Give the answers of a view: the good one, what ``statuses`` adds, and what all may give."""
    found: dict[Any, Any] = {200: serializer}
    for status in (*statuses, 304, 429, 500):
        if status < 400:
            found[status] = OpenApiResponse(description=_SAID[status])
        else:
            found[status, CONTENT_TYPE] = OpenApiResponse(ProblemSerializer, _SAID[status])
    return found


class Schema(AutoSchema):
    """Names the headers that answers carry, and the addresses of views that have several."""

    def get_operation_id(self) -> str:
        """Give the name of an operation, which generated clients call it by."""
        names: dict[str, str] = getattr(self.view, "operation_ids", {})
        return names.get(self.path) or str(super().get_operation_id())

    def get_override_parameters(self) -> list[Any]:
        """Add headers of answers."""
        return [_RETRY, _LOCATION]


def finish(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """Say what ``fields`` may leave out. Called when the schema is made, by its setting."""
    for name in ("Article", "Listed"):
        result["components"]["schemas"][name]["required"] = ["slug"]
    return result

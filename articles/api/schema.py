"""How the schema is made: what every answer may be beside the good one."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from articles.api.problems import CONTENT_TYPE, ProblemSerializer, StaleProblemSerializer

_SAID: Final = {
    302: "What stands for it is elsewhere: see Location.",
    304: "Nothing has changed since the answer that the request names.",
    400: "A parameter is wrong: errors names it.",
    401: "Nobody is signed in, or the token is unknown, revoked or over.",
    403: "The user may not do this.",
    404: "There is no such thing, or nobody may know of it.",
    409: "The act makes no sense for what is stored; nothing was done.",
    410: "This is no longer here.",
    412: "The article is not as If-Match says; nothing was done.",
    413: "The body is too large.",
    415: "The body is no application/json.",
    422: "The idempotency key stands for another request; nothing was done.",
    428: "If-Match is missing; nothing was done.",
    429: "Too many requests from one address, or of one user: wait.",
    500: "Something failed here.",
}
_RETRY: Final = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, description="Seconds to wait.", response=[429]
)
_LOCATION: Final = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, description="Where it is.", response=[302]
)


def responses(serializer: Any, *statuses: int) -> dict[Any, Any]:
    """Return the answers of a view: the good one, what ``statuses`` adds, and what all may give."""
    found: dict[Any, Any] = {200: serializer}
    cached = () if 401 in statuses else (304,)
    for status in (*statuses, *cached, 429, 500):
        if status < 400:
            found[status] = OpenApiResponse(description=_SAID[status])
        else:
            told = StaleProblemSerializer if status == 412 else ProblemSerializer
            found[status, CONTENT_TYPE] = OpenApiResponse(told, _SAID[status])
    return found


class Schema(AutoSchema):
    """Names the headers that answers carry, and the addresses of views that have several."""

    def get_operation_id(self) -> str:
        """Return the name of an operation, which generated clients call it by."""
        if verb := getattr(self.view, "verb", None):
            return f"newsdesk{verb.value.capitalize()}"
        names: dict[str, str] = getattr(self.view, "operation_ids", {})
        return names.get(self.path) or str(super().get_operation_id())

    def get_override_parameters(self) -> list[Any]:
        """Add headers of answers."""
        return [_RETRY, _LOCATION]

    def get_request_serializer(self) -> Any:
        """Return what the body of a request holds."""
        return getattr(self.view, "body", None) or super().get_request_serializer()


def finish(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """Say what ``fields`` may leave out. Called when the schema is made, by its setting."""
    for name in ("Article", "Listed"):
        result["components"]["schemas"][name]["required"] = ["slug"]
    for name, described in result["components"]["schemas"].items():
        if name.endswith("Body"):
            # What nobody knows is refused: a misspelled end of a hold would hold for good.
            described["additionalProperties"] = False
    edit = result["components"]["schemas"]["EditBody"]
    texts = edit["properties"].keys() - {"reason"}
    edit["anyOf"] = [{"required": [name]} for name in sorted(texts)]
    return result

"""How the schema is generated: the responses of every view, and names of operations."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from articles.api.problems import CONTENT_TYPE, ProblemSerializer, StaleProblemSerializer

_DESCRIPTIONS: Final = {
    302: "Moved: see Location.",
    304: "Not changed since the answer with this ETag.",
    400: "A parameter is wrong; see errors.",
    401: "Not signed in, or the API key is unknown, revoked or expired.",
    403: "Permission denied.",
    404: "Not found.",
    409: "Not possible in the current state. Nothing was done.",
    410: "Removed.",
    412: "The article has another version than If-Match. Nothing was done.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    422: "The idempotency key was used for another request. Nothing was done.",
    428: "If-Match is missing. Nothing was done.",
    429: "Too many requests from this IP address or user.",
    500: "Server error.",
}
_RETRY: Final = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, description="Seconds to wait.", response=[429]
)
_LOCATION: Final = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, description="The new URL.", response=[302]
)


def responses(serializer: Any, *statuses: int) -> dict[Any, Any]:
    """Return the responses of a view: 200, ``statuses``, and those that every view has."""
    found: dict[Any, Any] = {200: serializer}
    cached = () if 401 in statuses else (304,)
    for status in (*statuses, *cached, 429, 500):
        if status < 400:
            found[status] = OpenApiResponse(description=_DESCRIPTIONS[status])
        else:
            problem = StaleProblemSerializer if status == 412 else ProblemSerializer
            found[status, CONTENT_TYPE] = OpenApiResponse(problem, _DESCRIPTIONS[status])
    return found


class Schema(AutoSchema):
    """Adds response headers, request bodies, and operation names of views with several URLs."""

    def get_operation_id(self) -> str:
        if verb := getattr(self.view, "verb", None):
            return f"newsdesk{verb.value.capitalize()}"
        names: dict[str, str] = getattr(self.view, "operation_ids", {})
        return names.get(self.path) or str(super().get_operation_id())

    def get_override_parameters(self) -> list[Any]:
        return [_RETRY, _LOCATION]

    def get_request_serializer(self) -> Any:
        return getattr(self.view, "body", None) or super().get_request_serializer()


def finish(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """Postprocess the schema (see the settings): required keys, and bodies of newsdesk requests."""
    for name in ("Article", "Listed"):
        result["components"]["schemas"][name]["required"] = ["slug"]
    for name, described in result["components"]["schemas"].items():
        if name.endswith("Body"):
            # Unknown keys are refused: a misspelled "until" would hold an article without end.
            described["additionalProperties"] = False
    edit = result["components"]["schemas"]["EditBody"]
    texts = edit["properties"].keys() - {"reason"}
    edit["anyOf"] = [{"required": [name]} for name in sorted(texts)]
    return result

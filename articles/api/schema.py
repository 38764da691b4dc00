"""How the schema is generated from the attributes of the views."""

from __future__ import annotations

import re
from typing import Any, Final

from django.urls import resolve
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from articles.api.problems import CONTENT_TYPE, ProblemSerializer, StaleProblemSerializer

_DESCRIPTIONS: Final = {
    301: "Moved permanently: see Location.",
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
    "Location", str, OpenApiParameter.HEADER, description="The new URL.", response=[301, 302]
)


class Schema(AutoSchema):
    """Describe an ``ApiView`` by its attributes, and name the operation after its URL."""

    view: Any

    def get_operation_id(self) -> str:
        name = resolve(re.sub("{.*?}", "1", self.path)).url_name or ""
        first, *more = name.split("-")
        return first + "".join(map(str.capitalize, more))

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_override_parameters(self) -> list[Any]:
        return [_RETRY, _LOCATION, *self.view.parameters]

    def get_request_serializer(self) -> Any:
        return getattr(self.view, "body", None)

    def get_response_serializers(self) -> Any:
        """Return the responses by status.

        Every view may also refuse parameters or clients, or fail.
        """
        found: dict[Any, Any] = {200: self.view.serializer_class}
        for status in (*self.view.statuses, *self.view.shared_statuses, 400, 429, 500):
            described = _DESCRIPTIONS[status]
            if status < 400:
                found[status] = OpenApiResponse(description=described)
            else:
                problem = StaleProblemSerializer if status == 412 else ProblemSerializer
                found[status, CONTENT_TYPE] = OpenApiResponse(problem, described)
        return found


def finish(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """Finish the schema: set the required keys, and restrict the bodies of newsdesk requests."""
    for name in ("Article", "Listed"):
        result["components"]["schemas"][name]["required"] = ["slug"]
    for name, described in result["components"]["schemas"].items():
        if name.endswith("Body"):
            # Unknown keys are refused: a misspelled "until" would hold an article indefinitely.
            described["additionalProperties"] = False
    edit = result["components"]["schemas"]["EditBody"]
    texts = edit["properties"].keys() - {"reason"}
    edit["anyOf"] = [{"required": [name]} for name in sorted(texts)]
    return result

"""Response headers that neither Django nor a library of ours sets."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

# Newsroom's pages use none of these; neither may a frame that a page embeds.
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "browsing-topics",
        "camera",
        "geolocation",
        "microphone",
        "payment",
        "usb",
    )
)


def permissions_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Deny browser features on every page, unless the view has set a policy of its own."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response

    return middleware


API = "/api/"
NEWSDESK = "/api/v1/newsdesk/"
"""Where the staff decides: no other site's page has any business there."""
_PREFLIGHT_KEPT = "86400"
"""Seconds that a browser remembers what it may ask."""


def cors(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Let pages of ``CORS_ORIGINS`` read the API in a visitor's browser, without any cookie."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(API) or request.path.startswith(NEWSDESK):
            return get_response(request)
        is_preflight = (
            request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        )
        response = HttpResponse(status=204) if is_preflight else get_response(request)
        allowed = settings.CORS_ORIGINS
        if "*" in allowed:
            origin = "*"
        else:
            patch_vary_headers(response, ["Origin"])
            origin = request.headers.get("Origin", "")
            if origin not in allowed:
                return response
        response["Access-Control-Allow-Origin"] = origin
        if is_preflight:
            response["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
            response["Access-Control-Allow-Headers"] = "If-None-Match, If-Modified-Since"
            response["Access-Control-Max-Age"] = _PREFLIGHT_KEPT
        else:
            response["Access-Control-Expose-Headers"] = "ETag, Retry-After"
        return response

    return middleware

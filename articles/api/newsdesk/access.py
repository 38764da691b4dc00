"""Authentication and permissions of the newsdesk API, and the base class of its views."""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final, NoReturn, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from articles.api.problems import ProblemError
from articles.api.throttling import ByUser
from articles.api.views import ApiView
from articles.models import ApiToken
from articles.models.api_token import digest_of

LOOK: Final = "articles.view_article"
_SCHEMES: Final = {"token", "bearer"}
_USE_NOTED: Final = timedelta(hours=1)
"""How often the last use of a token is recorded."""


def user_of(request: Request) -> User:
    """Return the user of a request. ``MayLook`` has already refused anonymous requests."""
    return cast("User", request.user)


class ByToken(BaseAuthentication):
    """Accept ``Authorization: Token …`` or ``Bearer …``.

    One query, and at most one write an hour.
    """

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        """Return the user and the key, or None if the request has no key."""
        scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() not in _SCHEMES:
            return None
        tokens = ApiToken.objects.select_related("user")
        token = tokens.filter(digest=digest_of(secret.strip())).first()
        at = timezone.now()
        if token is None or not token.is_valid(at):
            raise AuthenticationFailed(
                "This token is unknown, revoked or expired, or its user is inactive or has a new "
                "password."
            )
        if token.last_used_at is None or token.last_used_at <= at - _USE_NOTED:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Return a challenge that does not make browsers ask for a password."""
        return 'Bearer realm="newsdesk"'


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ByToken
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token that the user made in the admin. Token works as well as Bearer.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = SessionAuthentication
    priority = 1
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "Signed in to the admin; POST also needs X-CSRFToken.",
        }


class MayLook(BasePermission):
    """Allow staff who may view articles. The newsdesk checks the permissions for each decision."""

    message = "Only staff with the permission to view articles may use this."

    def has_permission(self, request: Request, view: Any) -> bool:
        user: User | None = user_of(request)
        return user is not None and user.is_active and user.is_staff and user.has_perm(LOOK)


class JsonParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return json.loads(stream.read(), parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise ParseError("The body is not JSON.") from error


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


class DeskView(ApiView):
    """A view for staff, whose responses are never cached."""

    authentication_classes = [ByToken, SessionAuthentication]
    permission_classes = [MayLook]
    throttle_classes = [ByUser]
    parser_classes = [JsonParser]
    tag = "newsdesk"
    shared_statuses = (401, 403)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse bodies that are too large, before anything reads them."""
        size = request.META.get("CONTENT_LENGTH") or "0"
        if not size.isdecimal() or int(size) > (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0):
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large.")
        super().initial(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer["Cache-Control"] = "no-store"
        patch_vary_headers(answer, ["Authorization", "Cookie"])
        return answer

"""The two steps of signing in through an OpenID Connect provider."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NoReturn

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base import AuthError
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from requests import RequestException

from articles.accounts.sso import members
from articles.accounts.throttling import is_locked, locked_page, note
from newsroom.optional_sign_in import PROVIDER_ID

logger = logging.getLogger(__name__)


class _Adapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        found = super().complete_login(request, app, token, **kwargs)
        claims = found.account.extra_data
        # Another user's page would give another user's groups.
        if claims["userinfo"]["sub"] != claims["id_token"]["sub"]:
            raise OAuth2Error("the token and the page about the user differ")
        return found

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        # Check its signature although it came from the provider itself.
        self.did_fetch_access_token = False
        claims: dict[str, Any] = super()._decode_id_token(app, id_token)
        return claims


def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the browser to the provider."""
    return _step(request, OAuth2LoginView)


def end(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Receive the browser from the provider, and sign the user in."""
    return _step(request, OAuth2CallbackView)


@never_cache
@require_safe
def _step(request: HttpRequest, view: Any) -> HttpResponse:
    if is_locked(request):
        return locked_page(request)
    try:
        adapted: Callable[[HttpRequest], HttpResponse] = view.adapter_view(
            _Adapter(request, PROVIDER_ID)
        )
        return adapted(request)
    except (RequestException, OAuth2Error, KeyError, ValueError) as error:
        # What the provider sends may lack anything.
        logger.error("the provider for sign-in fails: %r", error)
        messages.error(
            request, f"{settings.OIDC_NAME} does not answer. Try again later, or use a password."
        )
        return HttpResponseRedirect(reverse("admin:login"))


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find or create the user, and give the roles of the provider's groups.

        Raise ``ImmediateHttpResponse`` if the user may not sign in.
        """
        claims = members.claims_of(sociallogin.account.extra_data)
        # They may hold more about a person than we need.
        sociallogin.account.extra_data = {}
        is_known = sociallogin.is_existing
        try:
            user = members.user_for(claims, sociallogin.user if is_known else None)
        except members.RefusedError as refused:
            note(refused.result, members.name_of(claims), request)
            _refuse(request, str(refused))
        if is_known:
            sociallogin.account.save(update_fields=["extra_data"])
        else:
            sociallogin.connect(request, user)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Any = None,
        **_: Any,
    ) -> None:
        if error == AuthError.CANCELLED:
            _refuse(request, f"You did not sign in at {settings.OIDC_NAME}.")
        logger.warning("sign-in through the provider failed: %s", exception or error)
        _refuse(request, f"{settings.OIDC_NAME} could not sign you in. Try again.")


def _refuse(request: HttpRequest, message: str) -> NoReturn:
    messages.error(request, message)
    raise ImmediateHttpResponse(HttpResponseRedirect(reverse("admin:login")))

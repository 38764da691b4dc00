"""The pages for the second factor: codes of an app on a phone, and recovery codes."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.views import AuthenticateView, IndexView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from articles.accounts.passwords import AdminPage
from articles.accounts.throttling import is_locked, locked_page

RECENT: Final = 300
"""Seconds after a sign-in in which a user may change the second factor."""


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def get_totp_issuer(self) -> str:
        return str(settings.SITE_NAME)

    def get_totp_label(self, user: User) -> str:
        return user.get_username()


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    code = forms.CharField(
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )

    def _emit_authentication_failed(self, authenticator: Authenticator) -> None:
        # Counts for the limits and goes into the log, like a wrong password.
        user_login_failed.send(
            sender=__name__,
            credentials={"username": self.user.get_username()},
            request=context.request,
        )


class EnterCode(AdminPage, AuthenticateView):  # type: ignore[misc]
    template_name = "admin/second_factor/code.html"
    title = "Enter your code"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_locked(request, self.stage.login.user.get_username()):
            return locked_page(request)
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response


class Overview(AdminPage, IndexView):  # type: ignore[misc]
    template_name = "admin/second_factor/overview.html"
    title = "Second factor"


class SetUp(AdminPage, ActivateTOTPView):  # type: ignore[misc]
    template_name = "admin/second_factor/set_up.html"
    title = "Set up a second factor"

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        # This session has just proved it.
        record_authentication(self.request, self.request.user, "mfa", type="totp")
        return response


class Remove(AdminPage, DeactivateTOTPView):  # type: ignore[misc]
    template_name = "admin/second_factor/remove.html"
    title = "Remove the second factor"


class RecoveryCodes(AdminPage, ViewRecoveryCodesView):  # type: ignore[misc]
    template_name = "admin/second_factor/recovery_codes.html"
    title = "Recovery codes"


class NewRecoveryCodes(AdminPage, GenerateRecoveryCodesView):  # type: ignore[misc]
    template_name = "admin/second_factor/new_codes.html"
    title = "New recovery codes"


def after_recent_sign_in(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Ask for another sign-in unless the last one was at most ``RECENT`` seconds ago."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        records = get_authentication_records(request, request.user)
        if any(time.time() - one["at"] < RECENT for one in records):
            return view(request, *args, **kwargs)
        query = urlencode({"again": 1, "next": request.path})
        return HttpResponseRedirect(f"{reverse('admin:login')}?{query}")

    return checked

"""How django-allauth signs users in here: by our limits, and without a page for sign-up."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from articles.accounts.throttling import is_locked, locked_page


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def get_login_stages(self) -> list[str]:
        return ["allauth.mfa.stages.AuthenticateStage"] if settings.SECOND_FACTOR else []

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, **_: Any) -> bool:
        """Return False: ``second_factor.after_recent_sign_in`` asks for it."""
        return False

    def pre_login(self, request: HttpRequest, user: User, **_: Any) -> HttpResponse | None:
        return locked_page(request) if is_locked(request, user.get_username()) else None

    def login(self, request: HttpRequest, user: User) -> None:
        login(request, user, "articles.accounts.backends.PasswordBackend")

    def post_login(
        self, request: HttpRequest, user: User, *, redirect_url: str | None, **_: Any
    ) -> HttpResponse:
        return HttpResponseRedirect(redirect_url or reverse("admin:index"))

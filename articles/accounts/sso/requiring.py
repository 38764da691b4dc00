"""Keeps users who need a second factor, and have none yet, from the admin and the newsdesk's API."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from newsroom.optional_sign_in import ALL, OPTIONAL


def require_second_factor(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that leads such users to the page where they set it up."""

    def middleware(request: HttpRequest) -> HttpResponse:
        admin, api, free = _places()
        is_concerned = request.path.startswith((admin, api)) and not request.path.startswith(free)
        if not is_concerned or not request.user.is_authenticated or not lacks(request):
            return get_response(request)
        if request.path.startswith(api):
            request.user = AnonymousUser()
            return get_response(request)
        messages.warning(request, "Your account requires a second factor. Set it up to go on.")
        return HttpResponseRedirect(reverse("mfa_activate_totp"))

    return middleware


def lacks(request: HttpRequest) -> bool:
    """Return whether this session needs a second factor and has not given one. At most one query."""
    user: Any = request.user
    records = get_authentication_records(request, user)
    return not any(one["method"] == "mfa" for one in records) and is_required(user)


def is_required(user: Any) -> bool:
    if settings.SECOND_FACTOR == [OPTIONAL]:
        return False
    if settings.SECOND_FACTOR == [ALL] or user.is_superuser:
        return True
    return bool(user.groups.filter(name__in=settings.SECOND_FACTOR).exists())


@cache
def _places() -> tuple[str, str, tuple[str, ...]]:
    """Return where the admin and the API begin, and which pages of the admin remain open."""
    return (
        reverse("admin:index"),
        reverse("articles:api:newsdesk-news").removesuffix("news/"),
        (
            reverse("mfa_index"),
            reverse("admin:login"),
            reverse("admin:logout"),
            reverse("admin:jsi18n"),
        ),
    )

"""Limits failed sign-ins with django-axes, and writes the log of all sign-ins.

django-axes counts failures for each name and address in the database. It locks a name for
``SIGN_IN_LOCK_MINUTES`` after ``SIGN_IN_NAME_FAILURES``, and an address after
``SIGN_IN_ADDRESS_FAILURES``, whether or not there is such a user.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from articles.models import SignIn
from newsroom.client_address import client_address

_REFUSALS_NOTED: Final = timedelta(minutes=1)
"""How often the log notes that an address is refused, so that trying on cannot fill the table."""

logger = logging.getLogger(__name__)


class Handler(AxesDatabaseHandler):  # type: ignore[misc]
    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Return the recent failures of the name or the address, whichever is closer to its limit.

        axes compares them with the limit of names, so those of the address are scaled to it.
        """
        by_name, by_address = (
            attempts.aggregate(sum=Sum("failures_since_start"))["sum"] or 0
            for attempts in self.get_user_attempts(request, credentials)
        )
        if client_address(request) is None:
            # Everybody without a known address would be locked out together.
            by_address = 0
        scaled = by_address * settings.SIGN_IN_NAME_FAILURES // settings.SIGN_IN_ADDRESS_FAILURES
        return int(max(by_name, scaled))

    def reset_user_attempts(
        self, request: HttpRequest, credentials: dict[str, Any] | None = None
    ) -> int:
        """Forget the failures of a name that has signed in, but not those of its address.

        Otherwise somebody with an account could guess the passwords of others without a limit.
        """
        attempts = AccessAttempt.objects.filter(username=(credentials or {}).get("username"))
        count, _ = attempts.delete()
        return int(count)

    def user_login_failed(
        self,
        sender: Any,
        credentials: dict[str, Any],
        request: HttpRequest | None = None,
        **kwargs: Any,
    ) -> None:
        was_locked = getattr(request, "axes_locked_out", False)
        super().user_login_failed(sender, credentials, request, **kwargs)
        if request is not None:
            result = SignIn.Result.LOCKED if was_locked else SignIn.Result.FAILED
            note(result, str(credentials.get("username") or ""), request)

    def user_logged_in(self, sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        super().user_logged_in(sender, request, user, **kwargs)
        note(SignIn.Result.SIGNED_IN, user.get_username(), request)


def is_locked(request: HttpRequest, name: str | None = None) -> bool:
    """Return whether a name or the address of a request is locked."""
    return not AxesProxyHandler.is_allowed(request, {"username": name} if name else {})


def note(result: SignIn.Result, name: str, request: HttpRequest) -> None:
    """Write an entry of the log, for the admin and as a line."""
    address = client_address(request)
    level = logging.INFO if result == SignIn.Result.SIGNED_IN else logging.WARNING
    # repr() escapes line ends and control characters, so that no name can forge a line.
    logger.log(
        level, "sign-in: %s, %r from %s", result.label, name[:150], address or "an unknown address"
    )
    if result != SignIn.Result.LOCKED or not _is_noted(address):
        SignIn.objects.note(result, name, address)


def _is_noted(address: str | None) -> bool:
    refused = SignIn.objects.filter(address=address, result=SignIn.Result.LOCKED)
    return bool(refused.filter(at__gt=timezone.now() - _REFUSALS_NOTED).exists())


def may_ask(email: str, request: HttpRequest) -> bool:
    """Return whether another link may be sent, by the limits of failures. At most two queries."""
    begin = timezone.now() - timedelta(minutes=settings.SIGN_IN_LOCK_MINUTES)
    asked = SignIn.objects.filter(result=SignIn.Result.ASKED, at__gt=begin)
    address = client_address(request)
    return asked.filter(name=email[:150]).count() < settings.SIGN_IN_NAME_FAILURES and (
        address is None or asked.filter(address=address).count() < settings.SIGN_IN_ADDRESS_FAILURES
    )


def locked_page(request: HttpRequest, *_: Any) -> HttpResponse:
    """Return the page for everybody who is locked out. It says nothing about any user."""
    context = admin.site.each_context(request) | {
        "title": "Too many attempts",
        "minutes": settings.SIGN_IN_LOCK_MINUTES,
    }
    status = HTTPStatus.TOO_MANY_REQUESTS
    page = render(request, "admin/locked.html", context, status=status)
    page["Retry-After"] = str(settings.SIGN_IN_LOCK_MINUTES * 60)
    page["Cache-Control"] = "no-store"
    return page

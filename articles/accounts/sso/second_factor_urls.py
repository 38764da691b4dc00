"""URLs of the second factor, by the names that django-allauth uses."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin
from django.http.response import HttpResponseBase
from django.urls import path
from django.views import View

from articles.accounts.sso import second_factor as pages


def _signed_in(view: type[View]) -> Callable[..., HttpResponseBase]:
    """Return a view for staff who have signed in a few minutes ago."""
    return admin.site.admin_view(pages.after_recent_sign_in(view.as_view()))


urlpatterns = [
    path("login/code/", pages.EnterCode.as_view(), name="mfa_authenticate"),
    path("second-factor/", admin.site.admin_view(pages.Overview.as_view()), name="mfa_index"),
    *(
        path(f"second-factor/{route}", _signed_in(view), name=f"mfa_{name}")
        for route, view, name in (
            ("set-up/", pages.SetUp, "activate_totp"),
            ("remove/", pages.Remove, "deactivate_totp"),
            ("recovery-codes/", pages.RecoveryCodes, "view_recovery_codes"),
            ("recovery-codes/new/", pages.NewRecoveryCodes, "generate_recovery_codes"),
        )
    ),
]

"""URLs of sign-in through a provider, by the names that django-allauth uses."""

from __future__ import annotations

from django.urls import path

from articles.accounts.sso.provider import begin, end
from newsroom.optional_sign_in import PROVIDER_ID

_FIXED = {"provider_id": PROVIDER_ID}

urlpatterns = [
    path("", begin, _FIXED, name="openid_connect_login"),
    path("end/", end, _FIXED, name="openid_connect_callback"),
]

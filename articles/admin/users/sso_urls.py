"""URLs of a second factor and of sign-in through a provider, as far as they are turned on."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from articles.accounts.sso.sign_in_page import SignInPage
from articles.admin.users.second_factor import remove_for

# The pages of django-allauth in the admin would show superusers the secrets of others.
for _model in [one for one in admin.site._registry if one.__module__.startswith("allauth.")]:
    admin.site.unregister(_model)

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", SignInPage.as_view(), name="account_login")
]
# Each of these modules needs its part of django-allauth.
if settings.SECOND_FACTOR:
    urlpatterns += [
        path("", include("articles.accounts.sso.second_factor_urls")),
        path(
            "auth/user/<int:pk>/second-factor/remove/",
            admin.site.admin_view(remove_for),
            name="auth_user_remove_second_factor",
        ),
    ]
if settings.OIDC_SERVER:
    urlpatterns += [path("login/provider/", include("articles.accounts.sso.provider_urls"))]

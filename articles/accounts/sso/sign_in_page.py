"""The page to sign in: with a password, or through the provider."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from articles.accounts.passwords import AdminPage
from articles.accounts.sign_in_form import SignInForm


class SignInPage(AdminPage, LoginView):
    authentication_form = SignInForm
    template_name = "admin/second_factor/sign_in.html"
    title = "Log in"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if admin.site.has_permission(request) and "again" not in request.GET:
            return HttpResponseRedirect(self.get_default_redirect_url())
        return super().get(request, *args, **kwargs)

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {
            "app_path": self.request.get_full_path(),
            "username": self.request.user.get_username(),
            "next": self.get_success_url(),
        }
        if settings.OIDC_SERVER:
            begin = reverse("openid_connect_login")
            context["provider"] = settings.OIDC_NAME
            context["provider_url"] = f"{begin}?{urlencode({'next': context['next']})}"
        if "again" in self.request.GET:
            # Django's page would say that the user may not see the page.
            context |= {"again": True, "user": AnonymousUser()}
        return context

    def form_valid(self, form: Any) -> HttpResponse:
        """Sign in, or ask for the second factor first."""
        user, target = form.get_user(), self.get_success_url()
        if self.request.user.is_authenticated:
            logout(self.request)
        response: HttpResponse = perform_password_login(
            self.request, {"username": user.get_username()}, Login(user=user, redirect_url=target)
        )
        return response

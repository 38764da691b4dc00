"""The pages on which users who cannot sign in set a password."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import views
from django.contrib.auth.forms import PasswordResetForm
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy

from articles.accounts import mails
from articles.accounts.throttling import locked_page, may_ask, note
from articles.models import SignIn


class AdminPage:
    """Adds what the admin's templates need."""

    request: Any
    title: Any

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page: Any = super()
        context: dict[str, Any] = page.get_context_data(**kwargs)
        return admin.site.each_context(self.request) | {"title": self.title} | context


class ForgotPassword(AdminPage, views.PasswordResetView):
    template_name = "admin/password/forgot.html"
    title = "Forgot your password?"

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        """Send the link. The response does not depend on whether there is such a user."""
        email = form.cleaned_data["email"].lower()
        if not may_ask(email, self.request):
            return locked_page(self.request)
        note(SignIn.Result.ASKED, email, self.request)
        mails.send_links_later(email, self.request)
        return HttpResponseRedirect(reverse("password_reset_done"))


class LinkSent(AdminPage, views.PasswordResetDoneView):
    template_name = "admin/password/sent.html"
    title = "Look into your mail"


class SetPassword(AdminPage, views.PasswordResetConfirmView):
    template_name = "admin/password/set.html"
    title = "Choose a password"
    success_url = reverse_lazy("password_reset_complete")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context if self.validlink else context | {"title": "This link is not valid"}


class PasswordSet(AdminPage, views.PasswordResetCompleteView):
    template_name = "admin/password/done.html"
    title = "Your password is set"

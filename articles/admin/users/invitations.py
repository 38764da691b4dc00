"""Invite a user by e-mail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from articles.accounts import mails
from articles.admin.pages import allow
from articles.admin.users.roles_field import RolesField

ADD, CHANGE = "auth.add_user", "auth.change_user"


class InvitationForm(forms.ModelForm):  # type: ignore[type-arg]
    groups = RolesField(error_messages={"required": "Choose at least one role."})

    class Meta:
        model = User
        fields = ["username", "email", "groups"]
        field_classes = {"username": UsernameField}
        help_texts = {"username": "To sign in with. Letters, digits and @ . + - _"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].required = True

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if user := User.objects.filter(email__iexact=email).first():
            raise ValidationError(f"{user.username} already has this address.")
        return email


@allow(ADD, "GET", "HEAD", "POST")
def invite(request: HttpRequest) -> HttpResponse:
    """Show the form; store the user and send the mail."""
    # A user who may assign roles could take any of them, so, as in Django, both permissions are needed.
    if not request.user.has_perm(CHANGE):
        raise PermissionDenied
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = _store(request, form)
        _send(request, user)
        return HttpResponseRedirect(reverse("admin:auth_user_changelist"))
    context = admin.site.each_context(request) | {
        "title": "Invite a user",
        "trail": [(reverse("admin:auth_user_changelist"), "Users")],
        "form": form,
    }
    return TemplateResponse(request, "admin/auth/user/invite.html", context)


@transaction.atomic
def _store(request: HttpRequest, form: InvitationForm) -> User:
    user: User = form.save(commit=False)
    user.is_staff = True
    user.set_unusable_password()
    user.save()
    form.save_m2m()
    options = admin.site.get_model_admin(User)
    options.log_addition(request, user, [{"added": {}}])
    return user


@allow(CHANGE, "POST")
def invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the mail again. Users who have a password, or may not sign in, get none."""
    user = get_object_or_404(User, pk=pk)
    if is_invited(user):
        _send(request, user)
    else:
        messages.error(request, f"{user} has a password already, or may not sign in.")
    return HttpResponseRedirect(reverse("admin:auth_user_change", args=[pk]))


def is_invited(user: User) -> bool:
    """Return whether a user can be sent an invitation."""
    return user.is_active and bool(user.email) and not user.has_usable_password()


def _send(request: HttpRequest, user: User) -> None:
    try:
        mails.invite(user, request)
    except mails.FAILURES as error:
        messages.error(
            request,
            f"{user} is stored, but the e-mail could not be sent: {error}. Check EMAIL_URL, then "
            "open the user and send the invitation again.",
        )
    else:
        messages.success(request, f"{user} gets an e-mail with a link to choose a password.")

"""Remove the second factor of a user who has lost the phone and the recovery codes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from articles.admin.pages import allow
from articles.admin.users.invitations import CHANGE


@allow(CHANGE, "POST")
def remove_for(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = get_object_or_404(User, pk=pk)
    count, _ = user.authenticator_set.all().delete()
    if count:
        options = admin.site.get_model_admin(User)
        options.log_change(request, user, "Removed the second factor.")
        messages.success(request, f"{user} signs in without a second factor now.")
    else:
        messages.error(request, f"{user} has no second factor.")
    return HttpResponseRedirect(reverse("admin:auth_user_change", args=[pk]))

"""The form to sign in to the admin."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator

from articles.accounts.throttling import note
from articles.models import SignIn

NO_ROLE: Final = "you have no role yet. Ask an administrator to give you one."


class SignInForm(AdminAuthenticationForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Django checks this in the browser only. PostgreSQL would refuse to store the failure.
        most = User._meta.get_field("username").max_length
        self.fields["username"].validators.append(MaxLengthValidator(most))

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuse users who could not open any page, and tell them why.

        This runs after the password was found right, so strangers learn nothing about users.
        """
        if user.is_staff and user.get_all_permissions():
            return
        if self.request is not None:
            note(SignIn.Result.NO_ROLE, user.get_username(), self.request)
        raise ValidationError(f"Your name and password are right, but {NO_ROLE}", code="no_role")

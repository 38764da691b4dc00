"""Checks passwords."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User
from django.http import HttpRequest

from articles.models import ApiToken
from articles.models.api_token import digest_of


class PasswordBackend(ModelBackend):
    """Django's backend. API keys survive that Django stores the same password with another hash.

    It does so when somebody signs in after an upgrade that strengthened the hash.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> Any:
        stored = User.objects.filter(username=username).values_list("password", flat=True).first()
        user = super().authenticate(request, username, password, **kwargs)
        if not isinstance(user, User) or not stored or not password:
            return user
        # The other reason for a difference: an administrator has just set another password.
        if user.password != stored and check_password(password, stored):
            keys = ApiToken.objects.filter(user=user, password_digest=digest_of(stored))
            keys.update(password_digest=digest_of(user.password))
        return user

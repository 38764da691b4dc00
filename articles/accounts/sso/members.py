"""Users of the provider, and their roles here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from allauth.utils import generate_unique_username
from django.conf import settings
from django.contrib.auth.models import Group, User

from articles.accounts.sign_in_form import NO_ROLE
from articles.models import SignIn

logger = logging.getLogger(__name__)


class RefusedError(Exception):
    """Somebody may not sign in through the provider. The message is for this person."""

    def __init__(self, message: str, result: SignIn.Result = SignIn.Result.FAILED) -> None:
        super().__init__(message)
        self.result = result


def claims_of(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims of the token, and those of the page about the user, which has more."""
    return {**answers["id_token"], **answers["userinfo"]}


def name_of(claims: Mapping[str, Any]) -> str:
    """Return what the log calls somebody."""
    names = (claims.get(one) for one in ("preferred_username", "email", "sub"))
    return str(next(filter(None, names), ""))


def roles_for(claims: Mapping[str, Any]) -> set[str]:
    named = claims.get(settings.OIDC_GROUPS) or []
    # With a single group, some providers send a text instead of a list.
    groups = {named} if isinstance(named, str) else set(map(str, named))
    return {role for group, role in settings.OIDC_ROLES if group in groups}


def user_for(claims: Mapping[str, Any], known: User | None) -> User:
    """Return the user, with the roles of the provider's groups. Raise ``RefusedError``.

    Who is not ``known`` from an earlier sign-in is the only user with the same e-mail address, if
    the provider has verified it, or somebody new.
    """
    user = known or _with_address(_verified_address(claims))
    if user and user.is_superuser:
        raise RefusedError("Superusers sign in with their name and password.")
    if user and not user.is_active:
        raise RefusedError("Your account was turned off. Ask an administrator.")
    roles = Group.objects.filter(name__in=roles_for(claims))
    if user is None and roles:
        user = _created(claims)
    if user:
        user.groups.set(roles)
    if user is None or not user.get_all_permissions():
        raise RefusedError(f"You signed in, but {NO_ROLE}", SignIn.Result.NO_ROLE)
    if not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
    return user


def _verified_address(claims: Mapping[str, Any]) -> str:
    is_verified = str(claims.get("email_verified", "")).lower() == "true"
    return str(claims.get("email") or "") if is_verified else ""


def _with_address(email: str) -> User | None:
    users = list(User.objects.filter(email__iexact=email)[:2]) if email else []
    return users[0] if len(users) == 1 else None


def _created(claims: Mapping[str, Any]) -> User:
    email = _verified_address(claims)
    user = User(
        username=generate_unique_username([name_of(claims), "user"]),
        email=email,
        first_name=str(claims.get("given_name") or "")[:150],
        last_name=str(claims.get("family_name") or "")[:150],
    )
    user.set_unusable_password()
    user.save()
    logger.info("%r signed in through the provider for the first time", user.get_username())
    return user

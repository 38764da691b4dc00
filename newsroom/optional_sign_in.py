"""Settings of django-allauth, for a second factor and for sign-in through a provider.

Both need the extra "sso". Nothing imports django-allauth while both are off.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from articles.roles import Role

OPTIONAL: Final = "optional"
ALL: Final = "all"
PROVIDER_ID: Final = "oidc"
_ON_THIS_MACHINE: Final = {"localhost", "127.0.0.1", "::1"}


class Optional(NamedTuple):
    """What is added to the settings."""

    apps: list[str]
    middleware: list[str]
    settings: dict[str, Any]


def is_on() -> bool:
    return bool(settings.SECOND_FACTOR or settings.OIDC_SERVER)


def roles_of_groups(pairs: list[str]) -> list[tuple[str, str]]:
    """Return pairs of a group of the provider and a role. A group may give several roles."""
    found = []
    for pair in pairs:
        # A group's name may have an equals sign: cn=desk,…; a role has none.
        group, equals, role = (part.strip() for part in pair.rpartition("="))
        if not (group and equals and role):
            raise ImproperlyConfigured(f"OIDC_ROLES must be like desk=Editor, not {pair!r}.")
        found.append((group, role))
    return found


def settings_for(
    *,
    second_factor: list[str],
    server: str,
    client: tuple[str, str],
    name: str,
    scopes: list[str],
    roles: list[tuple[str, str]],
) -> Optional:
    """Return the apps, the middleware and the settings that are needed. Raise ImproperlyConfigured."""
    if not second_factor and not server:
        return Optional([], [], {})
    if find_spec("allauth") is None:
        raise ImproperlyConfigured(
            'SECOND_FACTOR and OIDC_SERVER need the extra "sso": pip install django-allauth[mfa,socialaccount].'
        )
    if second_factor not in ([OPTIONAL], [ALL]) and not set(second_factor) <= set(Role):
        raise ImproperlyConfigured(
            f"SECOND_FACTOR must be {OPTIONAL}, {ALL}, or a list of these roles: {', '.join(Role)}."
        )
    apps = ["allauth", "allauth.account"]
    if second_factor:
        apps.append("allauth.mfa")
    if server:
        _check(server, client, roles)
        apps += ["allauth.socialaccount", "allauth.socialaccount.providers.openid_connect"]
    middleware = ["allauth.account.middleware.AccountMiddleware"]
    if second_factor:
        middleware.append("articles.accounts.sso.requiring.require_second_factor")
    return Optional(apps, middleware, _of_allauth(server, client, name, scopes))


def _check(server: str, client: tuple[str, str], roles: list[tuple[str, str]]) -> None:
    address = urlsplit(server)
    is_safe = address.scheme == "https" or (
        address.scheme == "http" and address.hostname in _ON_THIS_MACHINE
    )
    if not is_safe or not address.hostname:
        raise ImproperlyConfigured(f"OIDC_SERVER must be like https://id.example, not {server!r}.")
    if not all(client) or not roles:
        raise ImproperlyConfigured(
            "With OIDC_SERVER, set OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and OIDC_ROLES, too."
        )


def _of_allauth(
    server: str, client: tuple[str, str], name: str, scopes: list[str]
) -> dict[str, Any]:
    client_id, secret = client
    app = {
        "provider_id": PROVIDER_ID,
        "name": name,
        "client_id": client_id,
        "secret": secret,
        "settings": {
            # The address of its configuration is put together from this.
            "server_url": server.rstrip("/"),
            "oauth_pkce_enabled": True,
            "scope": scopes,
        },
    }
    return {
        "LOGIN_URL": "admin:login",
        "LOGIN_REDIRECT_URL": "admin:index",
        "ACCOUNT_ADAPTER": "articles.accounts.sso.account.AccountAdapter",
        "ACCOUNT_LOGIN_METHODS": {"username"},
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        # django-axes counts failures, for every way to sign in.
        "ACCOUNT_RATE_LIMITS": False,
        "MFA_ADAPTER": "articles.accounts.sso.second_factor.SecondFactorAdapter",
        "MFA_FORMS": {"authenticate": "articles.accounts.sso.second_factor.CodeForm"},
        # The clocks of phones may be off by half a minute.
        "MFA_TOTP_TOLERANCE": 1,
        "SOCIALACCOUNT_ADAPTER": "articles.accounts.sso.provider.ProviderAdapter",
        # A form that leads to another host is against our Content-Security-Policy; a link is not.
        "SOCIALACCOUNT_LOGIN_ON_GET": True,
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": {"APPS": [app]}} if server else {},
    }

"""Sign in through the page, as a browser does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import axes.handlers.proxy
import pytest
from django.contrib.auth.models import User
from django.test import Client

from articles.models import SignIn
from articles.roles import Role
from tests.factories import make_user

LOGIN: Final = "/admin/login/"
PASSWORD: Final = "correct horse battery"
ADDRESS: Final = "192.0.2.1"


def make_member(*roles: Role, **overrides: Any) -> User:
    """Store a staff user with ``PASSWORD``."""
    return make_user(*(roles or (Role.EDITOR,)), **{"password": PASSWORD} | overrides)


def sign_in(name: str, password: str = PASSWORD, *, address: str = ADDRESS, **headers: str) -> Any:
    """Send the form once, from a client without cookies."""
    form = {"username": name, "password": password, "next": "/admin/"}
    return Client(REMOTE_ADDR=address).post(LOGIN, form, headers=headers)


def fail(times: int, name: str, address: str = ADDRESS) -> list[int]:
    """Fail to sign in, and return the status of each response."""
    return [sign_in(name, "wrong", address=address).status_code for _ in range(times)]


def noted() -> list[tuple[str, str, str | None]]:
    """Return the log, oldest entry first."""
    return list(SignIn.objects.order_by("pk").values_list("result", "name", "address"))


def wait(patch: pytest.MonkeyPatch, minutes: float) -> None:
    """Let django-axes see a later time."""
    now = axes.handlers.proxy.now
    patch.setattr(axes.handlers.proxy, "now", lambda: now() + timedelta(minutes=minutes))

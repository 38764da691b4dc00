"""Create the administrator of a demo, and print how to sign in."""

import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from newsroom.commands import ReportCommand

NAME = "admin"


class Command(ReportCommand):
    help = (
        "Create the administrator 'admin' with a random password if there is no administrator yet, "
        "and print how to sign in. The password is stored in .demo-password. For demos only: "
        "otherwise use createsuperuser."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        kept = Path(settings.BASE_DIR) / ".demo-password"
        password = kept.read_text(encoding="utf-8").strip() if kept.exists() else ""
        user = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
        if user is None:
            password = password or secrets.token_urlsafe(12)
            # Store the password first, so that there is never an administrator with a lost
            # password.
            _keep(kept, password)
            user = User.objects.create_superuser(NAME, password=password)
        name = user.get_username()
        known = password if password and user.check_password(password) else ""
        self.report(
            options,
            lambda: {"user": name, "password": known or None},
            lambda: _as_text(name, known),
        )


def _as_text(name: str, password: str) -> str:
    how = f"the password {password}" if password else "the password you gave it."
    return (
        f"Sign in as {name} with {how}\n"
        f"To change it: .venv/bin/python manage.py changepassword {name}"
    )


def _keep(path: Path, password: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(password + "\n")

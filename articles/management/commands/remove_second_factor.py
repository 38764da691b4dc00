"""Remove the second factor of a user who has lost it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from newsroom.commands import ReportCommand


class Command(ReportCommand):
    help = (
        "Remove the second factor of a user who has lost the phone and the recovery codes. Superusers "
        "can do the same on the user's page."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the name to sign in with")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        name = options["name"]
        user: Any = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is no user {name!r}.")
        # Missing while SECOND_FACTOR is off.
        factors = getattr(user, "authenticator_set", None)
        count = factors.all().delete()[0] if factors else 0
        words = "signs in without a second factor now" if count else "has no second factor"
        self.report(options, lambda: {"removed": bool(count)}, lambda: f"{name} {words}.")

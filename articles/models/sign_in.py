"""The log of sign-ins and failures."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone


class SignInQuerySet(models.QuerySet["SignIn"]):
    def note(self, result: SignIn.Result, name: str, address: str | None) -> None:
        """Store one entry. The name may be anything that somebody typed."""
        self.create(result=result, name=name[:150], address=address)

    def prune(self, at: datetime) -> int:
        """Delete entries older than ``SIGN_IN_LOG_DAYS``, and return how many."""
        oldest = at - timedelta(days=settings.SIGN_IN_LOG_DAYS)
        count, _ = self.filter(at__lt=oldest).delete()
        return count


class SignIn(models.Model):
    """An attempt to sign in, or to do so later: with which name, from where, and its result."""

    class Result(models.TextChoices):
        SIGNED_IN = "signed_in", "success"
        FAILED = "failed", "failed"
        LOCKED = "locked", "locked"
        NO_ROLE = "no_role", "no role"
        ASKED = "asked", "forgot password"

    at = models.DateTimeField("when", default=timezone.now)
    name = models.CharField(max_length=150, help_text="As typed; there may be no such user.")
    address = models.GenericIPAddressField(
        null=True, help_text="For IPv6, the first address of the /64 network. Empty: unknown."
    )
    result = models.CharField(max_length=10, choices=Result)

    objects = SignInQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        verbose_name = "sign-in"
        indexes = [
            # For the list, and to delete old entries.
            models.Index(fields=["at", "id"], name="sign_in_at"),
            # For limits by address.
            models.Index(fields=["address", "at"], name="sign_in_address"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.get_result_display()}"

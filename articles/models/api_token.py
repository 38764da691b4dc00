"""What programs of the staff show at the newsdesk's API in the place of a password."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import models
from django.utils import timezone

PREFIX: Final = "newsroom_"
"""What every token begins with, so that one that got into a file or a log is found there."""
_RANDOM: Final = 32
"""Bytes that nobody can guess: a plain digest hides them as well as a slow one would."""


class ApiToken(models.Model):
    """A token of one user. It may what its user may, and nothing once it is over.

    Only its digest is kept, so nobody can read it here; whoever made it saw it once.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(max_length=100, help_text="What uses it, for when it must be revoked.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(
        null=True, editable=False, help_text="To the hour; empty is never."
    )

    secret: str
    """The token itself, of one that was just made; stored nowhere."""

    class Meta:
        ordering = ["-created_at", "-pk"]
        # Whose it is decides, not a permission: see articles/admin/tokens.py.
        default_permissions = ()
        verbose_name = "API token"

    def __str__(self) -> str:
        return self.name

    def make_secret(self) -> None:
        """Return it its ``secret`` and digest."""
        self.secret = PREFIX + secrets.token_urlsafe(_RANDOM)
        self.digest = digest_of(self.secret)

    def is_valid(self, at: datetime | None = None) -> bool:
        """Whether its time is not over and its user may still sign in; load ``user`` with it."""
        return self.expires_at > (at or timezone.now()) and self.user.is_active


def digest_of(secret: str) -> str:
    """Return what is kept of a token, in 64 characters."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()

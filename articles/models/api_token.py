"""API keys, with which programs use the newsdesk's API instead of a password."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import models
from django.utils import timezone

PREFIX: Final = "newsroom_"
"""The prefix of every token, so that secret scanners can find tokens in files and logs."""
_RANDOM: Final = 32
"""Number of random bytes. They cannot be guessed, so a fast digest is as safe as a slow one."""


class ApiToken(models.Model):
    """A user's key. It has the permissions of its user until it expires.

    It also ends when the user gets another password or is deactivated.

    Only its digest is stored. The key itself is shown once, when it is created.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(
        max_length=100, help_text="What uses this key, so that you know which one to revoke."
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    password_digest = models.CharField(
        max_length=64,
        db_default="",
        editable=False,
        help_text="Of the owner's stored password when the key was created. Another one ends the key.",
    )
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(
        null=True, editable=False, help_text="To the hour. Empty: never."
    )

    secret: str
    """The token itself, set only when it has just been created. It is never stored."""

    class Meta:
        ordering = ["-created_at", "-pk"]
        # Users manage their own keys; no permission is needed. See articles/admin/system/tokens.py.
        default_permissions = ()
        verbose_name = "API key"

    def __str__(self) -> str:
        return self.name

    def make_secret(self) -> None:
        """Create the key for its user."""
        self.secret = PREFIX + secrets.token_urlsafe(_RANDOM)
        self.digest = digest_of(self.secret)
        self.password_digest = digest_of(self.user.password)

    def is_valid(self, at: datetime | None = None) -> bool:
        """Return whether it is unexpired and its user is active and has the same password.

        No query if ``user`` is loaded.
        """
        return (
            self.expires_at > (at or timezone.now())
            and self.user.is_active
            and self.password_digest == digest_of(self.user.password)
        )


def digest_of(secret: str) -> str:
    """Return the digest to store for a key or a hashed password (64 characters)."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()

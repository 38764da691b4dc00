"""Answers of the newsdesk's API to requests that may come again."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models


class KeptAnswer(models.Model):
    """What an act with an idempotency key was answered; its row is written with the act.

    ``request`` is the digest of what was asked for: the same key with anything else is a mistake.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request = models.CharField(max_length=64)
    # Empty only inside the transaction that does the act.
    answer: Any = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="kept_answer_once"),
        ]
        # The sweep of what is old.
        indexes = [models.Index(fields=["created_at"], name="kept_answer_age")]

    def __str__(self) -> str:
        return self.key

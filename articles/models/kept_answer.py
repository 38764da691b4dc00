"""Responses of the newsdesk's API, stored for repeated requests."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models


class KeptAnswer(models.Model):
    """The answer to a decision with an idempotency key; stored in the same transaction.

    ``request`` is the digest of the request. Using the same key for another request is an error.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request = models.CharField(max_length=64)
    # Empty only within the decision's transaction.
    answer: Any = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="kept_answer_once"),
        ]
        # Used to delete old answers.
        indexes = [models.Index(fields=["created_at"], name="kept_answer_age")]

    def __str__(self) -> str:
        return self.key

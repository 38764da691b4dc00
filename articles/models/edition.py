"""The current edition of the newsroom."""

from __future__ import annotations

from django.db import models


class Edition(models.Model):
    """A single row, written by triggers. See ``articles/tracking/editions.py``."""

    token = models.CharField(max_length=32)
    begun_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.token

"""Which edition of the newsroom readers see."""

from __future__ import annotations

from django.db import models


class Edition(models.Model):
    """One row, which the database writes by itself; see ``articles/tracking/editions.py``."""

    token = models.CharField(max_length=32)
    begun_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.token

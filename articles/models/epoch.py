"""What a restored backup changes for programs that follow the site."""

from __future__ import annotations

from django.db import models


class Epoch(models.Model):
    """A random token: a single row, or none before the first restore.

    Followers keep it with their place in the change feed. After a restore the same numbers may stand
    for other changes, so the token is new and followers must begin again.
    """

    token = models.CharField(max_length=32)

    def __str__(self) -> str:
        return self.token

"""How far the proxies in front of the site have been emptied."""

from __future__ import annotations

from typing import Final

from django.db import models


class Purge(models.Model):
    """The last request to ``PURGE_URL``: a single row, written by ``articles/site/purging.py``."""

    ONLY: Final = 1
    """The key of the row."""

    done_until = models.DateTimeField(null=True)
    """No proxy has a page from before this moment; null before the first success."""
    asked_at = models.DateTimeField()
    error = models.TextField(blank=True)
    """Why the last request failed; blank if it succeeded."""

    def __str__(self) -> str:
        return f"until {self.done_until:%Y-%m-%d %H:%M:%S} UTC" if self.done_until else "never"

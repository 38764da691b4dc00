"""The progress of the background clock."""

from __future__ import annotations

from typing import Final

from django.db import models


class Clock(models.Model):
    """Up to when ends of embargoes and decisions, and dates, have been handled: a single row.

    ``articles/newsdesk/moments.py`` reads and writes it. Without a row, none have been handled.
    """

    ONLY: Final = 1
    """The key of the row."""

    passed_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"until {self.passed_until:%Y-%m-%d %H:%M:%S} UTC"

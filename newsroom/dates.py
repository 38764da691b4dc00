"""Times in words; templates write the same with ``|date:"DATETIME_FORMAT"``."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format


def in_words(moment: datetime | None) -> str:
    """Return a time in the site's zone, in the format of ``newsroom.formats``; "" for None."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else ""


def duration(span: timedelta) -> str:
    """Return a time span in words, in its largest unit: ``1 second``, ``12 minutes``, ``3 days``."""
    seconds = max(0, int(span.total_seconds()))
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        # Up to two units the smaller unit says more.
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}s"
    return "1 second" if seconds == 1 else f"{seconds} seconds"

"""Times in words; templates write the same with ``|date:"DATETIME_FORMAT"``."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format


def in_words(moment: datetime | None) -> str:
    """Return a time in the site's zone, in the format of ``newsroom.formats``; "" for None."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else ""

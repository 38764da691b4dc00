"""How often one address may ask."""

from __future__ import annotations

from django.conf import settings
from rest_framework.throttling import AnonRateThrottle


class ByAddress(AnonRateThrottle):
    """``API_RATE`` requests a minute; what the page cache answers does not count."""

    scope = "api"

    def get_rate(self) -> str | None:
        """Read the setting each time, not once for the class."""
        return f"{settings.API_RATE}/min" if settings.API_RATE else None

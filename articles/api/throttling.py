"""How often one address, or one of the staff, may ask."""

from __future__ import annotations

from django.conf import settings
from rest_framework.throttling import AnonRateThrottle, UserRateThrottle


class ByAddress(AnonRateThrottle):
    """``API_RATE`` requests a minute; what the page cache answers does not count."""

    scope = "api"

    def get_rate(self) -> str | None:
        """Read the setting each time, not once for the class."""
        return _rate()


class ByUser(UserRateThrottle):
    """``API_RATE`` requests a minute of one user, whatever the number of tokens and addresses."""

    scope = "newsdesk"

    def get_rate(self) -> str | None:
        """Read the setting each time, not once for the class."""
        return _rate()


def _rate() -> str | None:
    return f"{settings.API_RATE}/min" if settings.API_RATE else None

"""Rate limits, by IP address and by user."""

from __future__ import annotations

from django.conf import settings
from rest_framework.throttling import AnonRateThrottle, UserRateThrottle


class _SettingRate:
    def get_rate(self) -> str | None:
        # Read each time: the framework would read it once for the class.
        return f"{settings.API_RATE}/min" if settings.API_RATE else None


class ByAddress(_SettingRate, AnonRateThrottle):
    """``API_RATE`` requests a minute from an IP address, without those the page cache answers."""

    scope = "api"


class ByUser(_SettingRate, UserRateThrottle):
    """``API_RATE`` requests a minute of a user, over all API keys and IP addresses."""

    scope = "newsdesk"

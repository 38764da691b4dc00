"""Rate limits, by IP address and by user."""

from __future__ import annotations

from django.conf import settings
from rest_framework.throttling import AnonRateThrottle, UserRateThrottle


class _SettingRate:
    def get_rate(self) -> str | None:
        # Read the setting each time. The framework would read it only once for the class.
        return f"{settings.API_RATE}/min" if settings.API_RATE else None


class ByAddress(_SettingRate, AnonRateThrottle):
    """Allow ``API_RATE`` requests a minute per IP address, not counting those that the page cache
    answers.
    """

    scope = "api"


class ByUser(_SettingRate, UserRateThrottle):
    """Allow ``API_RATE`` requests a minute per user, across all API keys and IP addresses."""

    scope = "newsdesk"

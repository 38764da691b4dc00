"""Moments as ISO 8601 in UTC, for documents, the API, sitemaps and cursors. Pure: no Django."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(moment: datetime, timespec: str = "auto") -> str:
    """Return an aware moment as 2026-03-01T12:00:00Z; with a fraction only if it has one."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=timespec)}Z"

"""Counts with an upper limit, so that lists and queues of any size cost the same."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet

MOST_COUNTED: Final = 10_001
"""The most that a list counts. An exact larger number helps nobody and reads the whole table."""


def count_capped(rows: QuerySet[Any]) -> int:
    """Count rows, ``MOST_COUNTED`` at most. One query."""
    # A count does not depend on the order, and sorting is expensive.
    return rows.order_by()[:MOST_COUNTED].count()


def count_in_words(count: int) -> str:
    """Format a count: ``1,234``, or ``10,000+`` if it reached the limit."""
    return f"{MOST_COUNTED - 1:,}+" if count >= MOST_COUNTED else f"{count:,}"

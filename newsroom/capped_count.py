"""Counting as far as anybody cares: lists and queues of any size cost the same."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet

MOST_COUNTED: Final = 10_001
"""Rows that a list counts: an exact number beyond helps nobody and reads the whole table."""


def count_capped(rows: QuerySet[Any]) -> int:
    """Count rows, ``MOST_COUNTED`` at most. One query."""
    # The order decides nothing about a number, and sorting is what would cost.
    return rows.order_by()[:MOST_COUNTED].count()


def count_in_words(count: int) -> str:
    """Return a count as people read it: ``1,234``, and ``10,000+`` where counting ended."""
    return f"{MOST_COUNTED - 1:,}+" if count >= MOST_COUNTED else f"{count:,}"

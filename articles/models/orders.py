"""The orders in which lists of articles, topics and providers are paged."""

from __future__ import annotations

from typing import Final

from newsroom.iso_dates import iso
from newsroom.paging import Order, read_moment, read_number

LATEST: Final = Order("published_at", "slug", True, iso, read_moment)
FILED: Final = Order("filed_at", "slug", True, iso, read_moment)
"""Like ``LATEST``, but for the articles of ``ArticleQuerySet.of_topic``."""
TOP: Final = Order("top_rank", "slug", True, repr, read_number)
TOPICS: Final = Order("name", "slug", False)
PROVIDERS: Final = Order("name", "domain", False)

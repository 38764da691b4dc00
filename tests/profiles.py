"""How thorough a run of the tests is: ``quick`` by default, ``thorough`` by ``make test-thorough``."""

from __future__ import annotations

import os
from typing import Final

PROFILE: Final = os.environ.get("HYPOTHESIS_PROFILE", "quick")
SHARES: Final = {"quick": 0.25, "thorough": 1, "explore": 50}
"""The share of each property test's examples to run, by profile."""


def by_profile(*, quick: int, thorough: int) -> int:
    """Return how often to run a test that starts processes or fetches images."""
    return quick if PROFILE == "quick" else thorough

"""Times in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsroom.dates import duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 seconds"),
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7_199, "119 minutes"),
        (7_200, "2 hours"),
        (172_800, "2 days"),
    ],
)
def test_duration_is_in_the_largest_unit(seconds: int, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words

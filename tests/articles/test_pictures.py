"""How pictures are drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from articles.templatetags.pictures import TONES, initial, tone


def test_a_provider_keeps_its_tone() -> None:
    assert tone("nypost.com") == tone("nypost.com")
    assert len({tone(f"paper-{number}.example") for number in range(200)}) == TONES


def test_every_tone_has_a_color() -> None:
    path = finders.find("articles/site.css")
    assert isinstance(path, str)
    text = Path(path).read_text(encoding="utf-8")

    assert [f".tone-{number} {{" in text for number in range(TONES + 1)] == [True] * TONES + [False]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("New York Post", "N"),
        ("The Star", "S"),
        ("The ", "T"),
        ("  eBay", "E"),
        ("🚀 “Launch”", "L"),
        ("20 Minuten", "2"),
        ("日本", "日"),
        ("ßtudio", "S"),
        ("…", ""),
        ("", ""),
    ],
)
def test_initial(name: str, expected: str) -> None:
    assert initial(name) == expected

"""Entities of plain text."""

from __future__ import annotations

import html

import pytest

from newsroom.plain_text import decoded, is_visible


@pytest.mark.parametrize(
    "text", ["A &amp; B", "&#8217;", "&#0038;", "&#x26;", "&#0;", "&#7;", "&copy", "a & b", "&#;"]
)
def test_are_those_of_html(text: str) -> None:
    assert decoded(text) == html.unescape(text)


@pytest.mark.parametrize("number", [129, 141, 143, 144, 157])
def test_stand_for_no_control_character(number: int) -> None:
    assert decoded(f"A&#{number};B&#x{number:x};C") == "ABC"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&#" + "9" * 5_000 + ";", "\ufffd"),
        ("&#x" + "9" * 5_000 + ";", "\ufffd"),
        ("&#" + "0" * 5_000 + "38;", "&"),
    ],
)
def test_of_thousands_of_digits(text: str, expected: str) -> None:
    assert decoded(text) == expected


@pytest.mark.parametrize(
    "text", ["", " ", "\u00a0", "\u200b", "\u2060", "\u3164", "\x07", "&nbsp;", "&#8203;", "\u0301"]
)
def test_nothing_to_see(text: str) -> None:
    assert not is_visible(text)


@pytest.mark.parametrize("text", ["a", ".", "\u200b日", "&", "&amp;", "e\u0301", "😀"])
def test_something_to_see(text: str) -> None:
    assert is_visible(text)

"""Marking the wanted words in a text, in linear time."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from articles.search.match_syntax import fold
from articles.search.terms import MARK, Search

WINDOW: Final = 200
"""Characters to show around the first wanted word."""
_LEAD_IN: Final = 60
"""The maximum number of characters to show before that word."""
_MOST_READ: Final = 20_000
"""Characters of a text to read at most."""


class _Word(NamedTuple):
    start: int
    end: int
    folded: str


def marked(text: str, query: Search) -> SafeString:
    """Return a text as HTML with ``<mark>`` around the words that ``query`` finds.

    Case and accents are ignored. A word that matches an incomplete one is marked as a whole.
    """
    return _html(text, list(_spans(text, query)))


def excerpt_around(text: str, query: Search, length: int = WINDOW) -> SafeString:
    """Return about ``length`` characters around the first wanted word, ``marked()``.

    It is cut between words, and … stands for the rest.
    """
    text = " ".join(text[:_MOST_READ].split())
    if len(text) <= length:
        return marked(text, query)
    spans = list(_spans(text, query))
    first = spans[0][0] if spans else 0
    start = max(min(first - _LEAD_IN, len(text) - length), 0)
    if start:
        # Move to the next word, but not beyond the wanted one.
        start = min(text.find(" ", start) + 1 or first, first)
    end = len(text) if start + length >= len(text) else start + length
    if end < len(text):
        space = text.rfind(" ", start, end)
        end = space if space > start else end
    inside = [
        (max(a, start) - start, min(b, end) - start) for a, b in spans if a < end and b > start
    ]
    shown = _html(text[start:end], inside)
    return mark_safe(f"{'… ' if start else ''}{shown}{' …' if end < len(text) else ''}")  # noqa: S308 - escaped


def _html(text: str, spans: list[tuple[int, int]]) -> SafeString:
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    pieces = (
        f"<mark>{escape(text[a:b])}</mark>" if place % 2 else escape(text[a:b])
        for place, (a, b) in enumerate(pairwise(edges))
    )
    return mark_safe("".join(pieces))  # noqa: S308 - each piece is escaped


def _spans(text: str, asked: Search) -> Iterator[tuple[int, int]]:
    """Yield the start and end of wanted words and phrases, in order and without overlaps."""
    phrases: dict[str, list[list[str]]] = {}
    beginnings: list[str] = []
    for place, term in enumerate(asked.wanted):
        folded = [fold(word) for word in term]
        phrases.setdefault(folded[0], []).append(folded)
        if place in asked.begins:
            beginnings.append(folded[0])
    words = list(_words(text[:_MOST_READ]))
    begun = tuple(beginnings)
    end = 0
    for place, word in enumerate(words):
        length = 1 if begun and word.folded.startswith(begun) else 0
        for phrase in phrases.get(word.folded, ()):
            there = [one.folded for one in words[place : place + len(phrase)]]
            length = max(length, len(phrase) if there == phrase else 0)
        last = words[place + length - 1].end if length else 0
        # If phrases overlap, the second starts where the first ends.
        if last > end:
            yield max(word.start, end), last
            end = last


def _words(text: str) -> Iterator[_Word]:
    start = None
    for place, letter in enumerate(f"{text} "):
        is_kept = unicodedata.category(letter)[0] in "LNM" and letter != MARK
        if is_kept and start is None:
            start = place
        elif not is_kept and start is not None:
            word = text[start:place]
            if any(map(str.isalnum, word)):
                yield _Word(start, place, fold(word))
            start = None

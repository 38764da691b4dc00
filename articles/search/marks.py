"""Marking the wanted words in a text, in linear time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from articles.search.match_syntax import terms
from articles.search.terms import Search
from newsroom import stems, words
from newsroom.words import Span

WINDOW: Final = 200
"""Characters to show around the first wanted word."""
_LEAD_IN: Final = 60
"""The maximum number of characters to show before that word."""
_MOST_READ: Final = 20_000
"""Characters of a text to read at most."""


def marked(text: str, query: Search, locale: str = "") -> SafeString:
    """Return a text as HTML with ``<mark>`` around the words that ``query`` finds.

    A word that matches an incomplete one is marked as a whole, and so are other forms of a word if
    the language of the text is known.
    """
    return _html(text, list(_spans(text, query, locale)))


def excerpt_around(
    text: str, query: Search, locale: str = "", *, length: int = WINDOW
) -> SafeString:
    """Return about ``length`` characters around the first wanted word, ``marked()``.

    It is cut between words, and … stands for the rest.
    """
    text = " ".join(text[:_MOST_READ].split())
    if len(text) <= length:
        return marked(text, query, locale)
    spans = list(_spans(text, query, locale))
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


def _spans(text: str, asked: Search, locale: str) -> Iterator[tuple[int, int]]:
    """Yield the start and end of wanted words and phrases, in order and without overlaps."""
    by_first: dict[str, list[tuple[tuple[str, ...], bool]]] = defaultdict(list)
    begun = []
    language = stems.language_of(locale)
    wanted = {stem for forms in asked.stems for stem in forms} if language else set()
    for term, is_beginning, _ in terms(asked):
        if is_beginning and len(term) == 1:
            begun.append(term[0])
        else:
            by_first[term[0]].append((term, is_beginning))
    found = list(words.spans(text[:_MOST_READ]))
    end = 0
    for place, span in enumerate(found):
        ends = [
            _end(found[place : place + len(term)], term, is_beginning)
            for term, is_beginning in by_first.get(span.word, ())
        ]
        if span.word.startswith(tuple(begun)):
            ends += [_end([span], (one,), is_beginning=True) for one in begun]
        if wanted and not ends and _stem(text, span, language) in wanted:
            ends.append(span.end)
        # If phrases overlap, the second starts where the first ends.
        if (last := max(ends, default=0)) > end:
            yield max(span.start, end), last
            end = last


def _stem(text: str, span: Span, language: str) -> str:
    written = words.with_accents(text[span.start : span.end])
    return stems.stem(written[0], language) if len(written) == 1 else ""


def _end(found: list[Span], term: tuple[str, ...], is_beginning: bool) -> int:
    """Return where a term ends that starts with these words; 0 if it is not there."""
    *before, last = term
    if [span.word for span in found[:-1]] != before:
        return 0
    span = found[-1]
    if span.word == last:
        return span.end
    if is_beginning and span.word.startswith(last):
        return span.first_end if words.is_pair(span.word) else span.end
    return 0

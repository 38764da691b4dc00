"""Whether two articles are the same report. No Django."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from articles.suggestions.ranking import Reason
from articles.suggestions.reports import Report

LEAST_OVERLAP: Final = 0.6
"""The part of the word triples of the shorter excerpt that the other one must contain."""
LEAST_TRIPLES: Final = 8
"""Shorter excerpts are often the same by chance."""
SAME_HEADLINE: Final = timedelta(days=14)
LEAST_HEADLINE: Final = 3
"""Words. "Live updates" is the headline of many reports."""


def duplicate(one: Report, other: Report) -> tuple[float, list[Reason]]:
    """Return how likely two articles are the same report, from 0 to 1, and why; 0 if they are not.

    The same headline says nothing if one of their providers reuses headlines.
    """
    found: list[Reason] = []
    score = 0.0
    if _may_overlap(one, other):
        fewest = min(len(one.triples), len(other.triples))
        share = len(one.triples & other.triples) / fewest
        if share >= LEAST_OVERLAP:
            score = share
            found.append(["excerpt", round(share * 100)])
    is_near = abs(one.at - other.at) <= SAME_HEADLINE
    reuse_titles = one.reuses_titles or other.reuses_titles
    if is_near and not reuse_titles and _have_same_headline(one, other):
        score = max(score, LEAST_OVERLAP) + (1 - max(score, LEAST_OVERLAP)) / 2
        found.append(["headline"])
    return score, found


def _may_overlap(one: Report, other: Report) -> bool:
    """Return whether the excerpts are long enough and share many words, which is quick to check."""
    if min(len(one.excerpt_words), len(other.excerpt_words)) < LEAST_TRIPLES + 2:
        return False
    fewest = min(len(one.excerpt_set), len(other.excerpt_set))
    return len(one.excerpt_set & other.excerpt_set) * 2 >= fewest


def _have_same_headline(one: Report, other: Report) -> bool:
    return one.title_words == other.title_words and len(one.title_words) >= LEAST_HEADLINE

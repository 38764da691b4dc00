"""Suggestions: which articles report the same event, or are the same report, and why.

They are for staff only. ``catch_up`` computes them in the background; ``for_article`` and
``for_articles`` read what is stored. ``suggested_quality`` suggests a quality.
"""

from articles.suggestions.computing import LEAST_SCORE, catch_up, is_due
from articles.suggestions.quality import SuggestedQuality, suggested_quality
from articles.suggestions.reading import (
    SHOWN,
    Suggestion,
    for_article,
    for_articles,
    open_with_older,
)
from articles.suggestions.sentences import sentences

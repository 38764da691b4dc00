"""Suggestions: which articles report the same event, or are the same report, and why.

They are for staff only. ``compute`` and ``catch_up`` write them in the background; ``for_article``
and ``for_articles`` read what is stored. ``suggested_quality`` suggests a quality.
"""

from articles.suggestions.computing import LEAST_SCORE, catch_up, compute, is_due
from articles.suggestions.quality import SuggestedQuality, suggested_quality
from articles.suggestions.reading import LIKELY, SHOWN, Suggestion, for_article, for_articles
from articles.suggestions.sentences import sentences

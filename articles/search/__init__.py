"""Full-text search over headlines, excerpts and the names of provider and topics.

Knows the article's table by name but no models: ``ArticleQuerySet.search()`` is the way in for lists
in any order, ``ArticleQuerySet.hits()`` for readers, a page at a time. Words are what letters and
digits make between anything else; case and accents make no difference; there are no stems and no
stop words, so that names are found in every language. The databases keep the index by themselves.
"""

from articles.search.conditions import condition
from articles.search.hits import Behind, Narrowing, Order, find, tiers
from articles.search.marks import excerpt_around, marked
from articles.search.terms import LONGEST, MOST_TERMS, NO_TEXT, Search, address, parse

__all__ = [
    "LONGEST",
    "MOST_TERMS",
    "NO_TEXT",
    "Behind",
    "Narrowing",
    "Order",
    "Search",
    "address",
    "condition",
    "excerpt_around",
    "find",
    "marked",
    "parse",
    "tiers",
]

"""The columns whose words are in the search index."""

from typing import NamedTuple


class Columns(NamedTuple):
    """The columns of names (of providers and topics), headlines and excerpts."""

    name: str
    title: str
    excerpt: str


TEXTS = Columns("name", "title", "excerpt")
"""Until 0036: the database finds the words in the texts itself."""
WORDS = Columns("name_words", "title_words", "excerpt_words")
"""Since then: they are words already, with single spaces between them."""

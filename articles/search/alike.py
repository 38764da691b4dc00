"""Published articles that share rare words with another one, from the search index alone.

Stored suggestions would know better, but they change without a new edition, so cached pages would
miss it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from articles.search.index import FTS_TABLE, ID_OF_PLACE, LAST_ID, place_of, second_of
from articles.search.match_syntax import PUBLISHED
from newsroom.stems import STEM
from newsroom.words import is_pair

WINDOW: Final = timedelta(days=90)
"""How far apart the articles may be."""
MOST_WORDS: Final = 16
MOST: Final = 30
MOST_ENTRIES: Final = 100
"""How many articles are read for a word. A word that so many have says nothing."""
SHORTEST: Final = 4
"""Letters of a word. Most shorter ones are and, for, the."""
FEWEST_SHARED: Final = 2
"""A single shared word is often a coincidence."""


def alike(stored: str, at: datetime) -> tuple[str, list[Any]] | None:
    """Return SQL, with its values, for the published articles that share the most of a headline.

    It selects at most ``MOST`` ids and scores; the higher, the more they share. ``stored`` are the
    words of the headline as in the index, and ``at`` is the time of its article, which is found,
    too. Whether the time of an article has come is not checked. Return None for a headline without
    words.
    """
    words = _asked(stored)
    if not words:
        return None
    select = _postgresql if connection.vendor == "postgresql" else _sqlite
    one, values = select(at - WINDOW, at + WINDOW)
    entries = " UNION ALL ".join(one.format(number) for number in range(len(words)))
    # The fewer articles have a word, the more it says.
    sql = (
        "SELECT id, sum(ln(1 + 1.0 * %s / having_it)) AS score FROM "
        f"(SELECT id, count(*) OVER (PARTITION BY word) AS having_it FROM ({entries}) entries) counted "
        "WHERE having_it < %s GROUP BY id HAVING count(*) >= %s ORDER BY score DESC, id DESC LIMIT %s"
    )
    given = [value for word in words for value in values(word)]
    return sql, [MOST_ENTRIES, *given, MOST_ENTRIES, FEWEST_SHARED, MOST]


def _asked(stored: str) -> list[str]:
    """Return the stems of a headline; its words if its language is not known."""
    every = list(dict.fromkeys(stored.split()))
    stems = [word for word in every if len(word) >= len(STEM) + 2 + SHORTEST and STEM in word]
    words = [word for word in every if len(word) >= SHORTEST or is_pair(word)]
    return (stems or words)[:MOST_WORDS]


def _sqlite(since: datetime, until: datetime) -> tuple[str, Callable[[str], list[Any]]]:
    places = place_of(second_of(since)), place_of(second_of(until), LAST_ID)
    sql = (
        f"SELECT * FROM (SELECT {ID_OF_PLACE} AS id, {{}} AS word FROM {FTS_TABLE} "
        f"WHERE {FTS_TABLE} MATCH %s AND rowid BETWEEN %s AND %s ORDER BY rowid DESC LIMIT %s)"
    )

    def values(word: str) -> list[Any]:
        match = f'({{title excerpt}} : "{word}") AND (names : "{PUBLISHED}")'
        return [match, *places, MOST_ENTRIES]

    return sql, values


def _postgresql(since: datetime, until: datetime) -> tuple[str, Callable[[str], list[Any]]]:
    sql = (
        "(SELECT id, {} AS word FROM articles_article WHERE search @@ %s::tsquery "
        # No order is needed: a word with so many articles does not count.
        "AND published_at BETWEEN %s AND %s LIMIT %s)"
    )

    def values(word: str) -> list[Any]:
        return [f"'{word}' & '{PUBLISHED}'", since, until, MOST_ENTRIES]

    return sql, values

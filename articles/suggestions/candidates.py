"""Find the articles that may be about the same as another one, in the search index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from articles.search.index import FTS_TABLE, ID_OF_PLACE, LAST_ID, place_of, second_of
from articles.suggestions.reports import Weight

WINDOW: Final = timedelta(days=14)
"""How far apart two reports of an event may be."""
MOST_ENTRIES: Final = 4_000
"""How many entries of the index are read for an article, by the expected number for each word."""
MOST_WORDS: Final = 48
MOST: Final = 100
"""How many candidates are compared in full."""


def rarest(words: Iterable[str], counts: Mapping[str, int]) -> list[str]:
    """Return the rarest words, as many as the index can look up quickly. At least one."""
    chosen: list[str] = []
    entries = 0
    for word in sorted(words, key=lambda word: (counts.get(word, 0), word)):
        entries += counts.get(word, 0)
        if chosen and (entries > MOST_ENTRIES or len(chosen) == MOST_WORDS):
            break
        chosen.append(word)
    return chosen


def find(article: int, words: list[str], at: datetime, weight: Weight) -> list[int]:
    """Return the articles within ``WINDOW`` with the most of the words, by weight. One query."""
    if not words:
        return []
    entries = _postgresql if connection.vendor == "postgresql" else _sqlite
    sql, values = entries(words, at - WINDOW, at + WINDOW)
    sums: dict[int, float] = defaultdict(float)
    weights = [weight(word) for word in words]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        for pk, number in cursor.fetchall():
            sums[pk] += weights[number]
    sums.pop(article, None)
    return sorted(sums, key=lambda pk: (-sums[pk], -pk))[:MOST]


def _sqlite(words: list[str], since: datetime, until: datetime) -> tuple[str, list[Any]]:
    places = place_of(second_of(since)), place_of(second_of(until), LAST_ID)
    # The order makes the index start at the first place, and the limit keeps a word whose number
    # is out of date from taking long.
    one = (
        f"SELECT * FROM (SELECT {ID_OF_PLACE}, %s FROM {FTS_TABLE} WHERE {FTS_TABLE} MATCH %s "
        "AND rowid BETWEEN %s AND %s ORDER BY rowid LIMIT %s)"
    )
    values: list[Any] = []
    for number, word in enumerate(words):
        values += [number, f'{{title excerpt}} : "{word}"', *places, MOST_ENTRIES]
    return " UNION ALL ".join([one] * len(words)), values


def _postgresql(words: list[str], since: datetime, until: datetime) -> tuple[str, list[Any]]:
    one = (
        "(SELECT id, %s FROM articles_article WHERE search @@ %s::tsquery "
        "AND published_at BETWEEN %s AND %s LIMIT %s)"
    )
    values: list[Any] = []
    for number, word in enumerate(words):
        values += [number, f"'{word}'", since, until, MOST_ENTRIES]
    return " UNION ALL ".join([one] * len(words)), values

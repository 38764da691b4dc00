"""The parts of the search index that both databases share.

The index has the words of an article's headline and excerpt (``newsroom.words``), which every write
of a row puts into ``title_words`` and ``excerpt_words``, and ``filed_under``: the words of the names
of its provider and topics. Each name is followed by its mark (see ``match_syntax``), so that no
phrase matches across two names. Triggers (``articles/migrations/frozen/``) fill ``filed_under`` and
keep it and the index correct after every write. Imports fill it for new articles themselves, because
writing a row twice would be slow.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from articles.search.match_syntax import PROVIDER, TOPIC

FTS_TABLE: Final = "articles_article_search"

_ID_BITS: Final = 30
# A 64-bit row id has room for seconds from the years 1697 to 2242; other times are clamped.
_LAST_SECOND: Final = (1 << (63 - _ID_BITS)) - 1
_FIRST_SECOND: Final = -(1 << (63 - _ID_BITS))
ID_OF_PLACE: Final = f"rowid & {(1 << _ID_BITS) - 1}"
"""SQL that extracts the article's id from the row id of the index."""
LAST_ID: Final = (1 << _ID_BITS) - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def second_of(moment: datetime) -> int:
    """Return the whole seconds since 1970."""
    return (moment - _EPOCH) // timedelta(seconds=1)


def place_of(second: int, number: int = 0) -> int:
    """Return SQLite's row id for the article with id ``number``, ``second`` seconds since 1970.

    The index is ordered by row id, so a search for the newest hits walks back from its end and
    stops when a page is full. Ids must stay below 2**30.
    """
    return (min(max(second, _FIRST_SECOND), _LAST_SECOND) << _ID_BITS) + number


def filed_under(provider: tuple[int, str], topics: list[tuple[int, str]]) -> str:
    """Return the text of the column for these primary keys and words, as the triggers write it."""
    names = [(PROVIDER, *provider), *((TOPIC, *topic) for topic in topics)]
    return " ".join(f"{words} {mark}{pk}" for mark, pk, words in names)

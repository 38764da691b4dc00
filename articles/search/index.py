"""The parts of the search index that both databases share.

``articles_article.filed_under`` has the names of an article's provider and topics, each with its mark
(see ``match_syntax``) behind it, so that no phrase matches across two names. Triggers
(``articles/migrations/frozen/``) fill the column and keep it and the index right, for any write. An
import fills it for new articles: to write a row twice would be slow.
"""

from __future__ import annotations

from typing import Final

from articles.search.match_syntax import PROVIDER, TOPIC
from articles.search.terms import MARK

FTS_TABLE: Final = "articles_article_search"

_ID_BITS: Final = 30
# A row id of 64 bits has room for the seconds of the years 1697 to 2242; others count as these.
_LAST_SECOND: Final = (1 << (63 - _ID_BITS)) - 1
_FIRST_SECOND: Final = -(1 << (63 - _ID_BITS))
ID_OF_PLACE: Final = f"rowid & {(1 << _ID_BITS) - 1}"
"""SQL for the article's id, from the row id of the index."""


def place_of(second: int, number: int = 0) -> int:
    """Return SQLite's row id for the article of that id and second since 1970.

    Its table is in the order of row ids, so newest first is a walk from its end that stops when a
    page is full. Ids stay below 2**30.
    """
    return (min(max(second, _FIRST_SECOND), _LAST_SECOND) << _ID_BITS) + number


def filed_under(provider: tuple[int, str], topics: list[tuple[int, str]]) -> str:
    """Return the column's text from primary keys and names; the triggers write the same."""
    names = [(PROVIDER, *provider), *((TOPIC, *topic) for topic in topics)]
    return " ".join(f"{name.replace(MARK, ' ')} {mark}{pk}" for mark, pk, name in names)

"""Queries in the syntax of each database's index.

The index has four parts: headline, excerpt, names (of provider and topics), and marks. Marks are
words that begin with ``terms.MARK`` and a letter; only this module searches for them:

- ``l`` means published, ``y`` is followed by a type, ``p`` by a provider's id, ``t`` by a topic's
  id, and ``g`` by a tenth of the heat, so that the index finds a high heat without reading rows.
- On PostgreSQL, whose index does not know the positions of words, ``h`` is followed by each word of
  the headline, and ``n`` by each word of the names, which have no other entry.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from typing import Final

from articles.search.terms import MARK, Search

PUBLISHED: Final = f"{MARK}l"
TYPE: Final = f"{MARK}y"
PROVIDER: Final = f"{MARK}p"
TOPIC: Final = f"{MARK}t"
HEAT: Final = f"{MARK}g"
MOST_HEAT: Final = 300
"""All articles with at least this heat have the same mark."""
HEADLINE: Final = f"{MARK}h"
NAME: Final = f"{MARK}n"


class Tier(IntEnum):
    """Where all wanted words are, best first. ``ANY`` means anywhere."""

    ANY = 0
    HEADLINE = 1
    TEXT = 2
    """In headline and excerpt together, but not in the headline alone."""
    NAMES = 3
    """At least one of them only in the names of provider and topics."""


# SQLite

_COLUMNS: Final = {Tier.HEADLINE: "{title} : ", Tier.TEXT: "{title excerpt} : "}


def fts5(asked: Search, tier: Tier = Tier.ANY) -> str:
    """Return the FTS5 query for all wanted and no unwanted terms.

    If no term is wanted, return the query for any unwanted term.
    """
    wanted = [
        f'"{" ".join(term)}"{"*" if place in asked.begins else ""}'
        for place, term in enumerate(asked.wanted)
    ]
    unwanted = " OR ".join(f'"{" ".join(term)}"' for term in asked.unwanted)
    if not wanted:
        return unwanted
    every = f"({' AND '.join(wanted)})"
    query = every
    match tier:
        case Tier.HEADLINE:
            query = f"({_COLUMNS[tier]}{every})"
        case Tier.TEXT:
            query = f"({_COLUMNS[tier]}{every} NOT {_COLUMNS[Tier.HEADLINE]}{every})"
        case Tier.NAMES:
            query = f"({every} NOT {_COLUMNS[Tier.TEXT]}{every})"
    return f"({query} NOT ({unwanted}))" if unwanted else query


# PostgreSQL

_ACCENT: Final = re.compile("[\u0300-\u036f]")


def fold(word: str) -> str:
    """Return a word in lower case without accents."""
    return _ACCENT.sub("", unicodedata.normalize("NFD", word)).lower()


def tsquery(asked: Search, tier: Tier = Tier.ANY) -> str:
    """Return the text for ``to_tsquery`` that means the same as ``fts5()``."""
    unwanted = [_anywhere(term) for term in asked.unwanted]
    if not asked.wanted:
        return " | ".join(unwanted)
    match tier:
        case Tier.ANY:
            parts = [_every(asked, _anywhere)]
        case Tier.HEADLINE:
            parts = [_every(asked, partial(_marked, HEADLINE))]
        case Tier.TEXT:
            parts = [_every(asked, _in_text), f"!({_every(asked, partial(_marked, HEADLINE))})"]
        case Tier.NAMES:
            parts = [_every(asked, _anywhere), f"!({_every(asked, _in_text)})"]
    return " & ".join([*parts, *(f"!{term}" for term in unwanted)])


def _every(asked: Search, place: Callable[[tuple[str, ...], bool], str]) -> str:
    return " & ".join(
        place(term, number in asked.begins) for number, term in enumerate(asked.wanted)
    )


def _anywhere(term: tuple[str, ...], is_beginning: bool = False) -> str:
    return f"({_in_text(term, is_beginning)} | {_marked(NAME, term, is_beginning)})"


def _in_text(term: tuple[str, ...], is_beginning: bool) -> str:
    if len(term) == 1:
        return _lexeme(term[0], is_beginning)
    # Weights keep a phrase within the headline (A) or the excerpt (B). PostgreSQL reads them from
    # the row, so single words have none; the index alone finds those.
    phrases = (" <-> ".join(f"{_lexeme(word)}:{weight}" for word in term) for weight in "AB")
    return f"({' | '.join(f'({phrase})' for phrase in phrases)})"


def _marked(mark: str, term: tuple[str, ...], is_beginning: bool) -> str:
    return f"({' <-> '.join(_lexeme(mark + word, is_beginning) for word in term)})"


def _lexeme(word: str, is_beginning: bool = False) -> str:
    return f"'{fold(word)}'{':*' if is_beginning else ''}"

"""What is asked for, in the languages of both databases' indexes.

The index has four parts: headline, excerpt, names (of provider and topics), and marks, which are
words that only this module asks for (``asking.MARK`` and a letter in front):

- ``l`` is published, ``y`` and a type, ``p`` and a provider's number, ``t`` and a topic's, ``g`` and
  a tenth of the heat, so that a heat that few reach is not looked for in row after row;
- on PostgreSQL, whose index does not know where words stand, ``h`` and each word of the headline, and
  ``n`` and each word of the names, which are there in no other way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from articles.search.terms import MARK, Search

PUBLISHED: Final = f"{MARK}l"
TYPE: Final = f"{MARK}y"
PROVIDER: Final = f"{MARK}p"
TOPIC: Final = f"{MARK}t"
HEAT: Final = f"{MARK}g"
MOST_HEAT: Final = 300
"""Heat from which on all have one mark."""
HEADLINE: Final = f"{MARK}h"
NAME: Final = f"{MARK}n"


class Tier(IntEnum):
    """Where all the wanted words stand, best first. ``ANY`` does not ask."""

    ANY = 0
    HEADLINE = 1
    TEXT = 2
    """Headline and excerpt together, but not the headline alone."""
    NAMES = 3
    """Some only in the names of provider and topics."""


# SQLite

_COLUMNS: Final = {Tier.HEADLINE: "{title} : ", Tier.TEXT: "{title excerpt} : "}


def fts5(asked: Search, tier: Tier = Tier.ANY) -> str:
    """Give FTS5's query for the wanted terms and no unwanted one; without wanted: an unwanted."""
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


def fts5_marked(query: str) -> str:
    """Give FTS5's query for a mark, which no text of others can stand for."""
    return f'names : "{query}"'


# PostgreSQL

_ACCENT: Final = re.compile("[\u0300-\u036f]")


def fold(word: str) -> str:
    """Take the accents off a word and make it small."""
    return _ACCENT.sub("", unicodedata.normalize("NFD", word)).lower()


def tsquery(asked: Search, tier: Tier = Tier.ANY) -> str:
    """Give ``to_tsquery``'s text for the same as ``fts5()``."""
    unwanted = [_anywhere(term) for term in asked.unwanted]
    if not asked.wanted:
        return " | ".join(unwanted)
    match tier:
        case Tier.ANY:
            parts = [_every(asked, _anywhere)]
        case Tier.HEADLINE:
            parts = [_every(asked, _in_headline)]
        case Tier.TEXT:
            parts = [_every(asked, _in_text), f"!({_every(asked, _in_headline)})"]
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
    # Weights keep a phrase within the headline (A) or the excerpt (B). They are looked up in the row,
    # so words have none: the index alone can tell.
    phrases = (" <-> ".join(f"{_lexeme(word)}:{weight}" for word in term) for weight in "AB")
    return f"({' | '.join(f'({phrase})' for phrase in phrases)})"


def _in_headline(term: tuple[str, ...], is_beginning: bool) -> str:
    return _marked(HEADLINE, term, is_beginning)


def _marked(mark: str, term: tuple[str, ...], is_beginning: bool) -> str:
    return f"({' <-> '.join(_lexeme(mark + word, is_beginning) for word in term)})"


def _lexeme(word: str, is_beginning: bool = False) -> str:
    return f"'{fold(word)}'{':*' if is_beginning else ''}"

"""Queries in the syntax of each database's index.

The index has four parts: headline, excerpt, names (of provider and topics), and marks. Marks are
words that begin with ``words.MARK`` and a letter; only this module searches for them:

- ``l`` means published, ``y`` is followed by a type, ``p`` by a provider's id, ``t`` by a topic's
  id, and ``g`` by a tenth of the heat, so that the index finds a high heat without reading rows.
- On PostgreSQL, whose index does not know where words are, ``h`` is followed by each word of the
  headline, and ``n`` by each word of the names, which have no other entry. It finds the articles
  that have all words of a phrase, and the columns of words show whether they are next to each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final, NamedTuple

from articles.search.terms import Search
from newsroom.words import MARK, may_continue

PUBLISHED: Final = f"{MARK}l"
TYPE: Final = f"{MARK}y"
PROVIDER: Final = f"{MARK}p"
TOPIC: Final = f"{MARK}t"
HEAT: Final = f"{MARK}g"
MOST_HEAT: Final = 300
"""All articles with at least this heat have the same mark."""
HEADLINE: Final = f"{MARK}h"
NAME: Final = f"{MARK}n"

_Words = tuple[str, ...]


class Term(NamedTuple):
    """One word or the words of a phrase."""

    words: _Words
    is_beginning: bool
    """Whether its last word is the beginning of a word."""
    stems: _Words = ()
    """What also matches."""


class Tier(IntEnum):
    """Where all wanted words are, best first."""

    ANY = 0
    """Anywhere, as they are or by their stems."""
    HEADLINE = 1
    TEXT = 2
    """In headline and excerpt together, but not in the headline alone."""
    NAMES = 3
    """At least one of them only in the names of provider and topics."""
    HEADLINE_STEMS = 4
    """At least one of them only by its stem, and all in the headline."""
    STEMS = 5
    """At least one of them only by its stem, and not all in the headline."""


def terms(asked: Search) -> list[Term]:
    """Return the wanted terms."""
    stems = [*asked.stems, *([()] * len(asked.wanted))]
    return [
        Term(words, place in asked.begins or may_continue(words[-1]), stems[place])
        for place, words in enumerate(asked.wanted)
    ]


def _unwanted(asked: Search) -> list[Term]:
    return [Term(words, may_continue(words[-1])) for words in asked.unwanted]


def _exact(wanted: list[Term]) -> list[Term]:
    return [term._replace(stems=()) for term in wanted]


# SQLite

_COLUMNS: Final = {Tier.HEADLINE: "{title} : ", Tier.TEXT: "{title excerpt} : "}


def fts5(asked: Search, tier: Tier = Tier.ANY) -> str:
    """Return the FTS5 query for all wanted and no unwanted terms.

    If no term is wanted, return the query for any unwanted term.
    """
    unwanted = " OR ".join(_quoted(_unwanted(asked)))
    if not asked.wanted:
        return unwanted
    every = f"({' AND '.join(_quoted(_exact(terms(asked))))})"
    loose = f"({' AND '.join(_quoted(terms(asked)))})"
    match tier:
        case Tier.ANY:
            query = loose
        case Tier.HEADLINE:
            query = f"({_COLUMNS[tier]}{every})"
        case Tier.TEXT:
            query = f"({_COLUMNS[tier]}{every} NOT {_COLUMNS[Tier.HEADLINE]}{every})"
        case Tier.NAMES:
            query = f"({every} NOT {_COLUMNS[Tier.TEXT]}{every})"
        case Tier.HEADLINE_STEMS:
            query = f"({_COLUMNS[Tier.HEADLINE]}{loose} NOT {every})"
        case Tier.STEMS:
            query = f"({loose} NOT ({_COLUMNS[Tier.HEADLINE]}{loose} OR {every}))"
    return f"({query} NOT ({unwanted}))" if unwanted else query


def _quoted(found: Iterable[Term]) -> list[str]:
    return [_any_form(term) if term.stems else _one_form(term) for term in found]


def _one_form(term: Term) -> str:
    return f'"{" ".join(term.words)}"{"*" if term.is_beginning else ""}'


def _any_form(term: Term) -> str:
    forms = [_one_form(term), *(f'"{stem}"' for stem in term.stems)]
    return f"({' OR '.join(forms)})"


# PostgreSQL

Condition = tuple[str, list[str]]
"""SQL and its values."""

# Between texts is a word that no phrase contains.
_TITLE: Final = "' ', {0}title_words"
_EXCERPT: Final = f"' {MARK} ', {{0}}excerpt_words"
_NAMES: Final = f"' {MARK} ', {{0}}filed_under"
_TEXTS: Final = {
    Tier.HEADLINE: f"concat({_TITLE}, ' ')",
    Tier.TEXT: f"concat({_TITLE}, {_EXCERPT}, ' ')",
    Tier.ANY: f"concat({_TITLE}, {_EXCERPT}, {_NAMES}, ' ')",
}


class _All(NamedTuple):
    """All of some terms in a part of the article."""

    words: str
    """The ``tsquery`` for their words."""
    phrases: list[str]
    """Those that the index cannot check: their words, from a space to the last letter or a space."""
    tier: Tier


def postgresql(asked: Search, tier: Tier = Tier.ANY, table: str = "") -> Condition:
    """Return the condition that means the same as ``fts5()``, for the columns of an article."""
    wanted = terms(asked)
    if not wanted:
        return _any([_all([term], Tier.ANY) for term in _unwanted(asked)], table)
    without = [_all([term], Tier.ANY) for term in _unwanted(asked)]
    exact = _exact(wanted)
    match tier:
        case Tier.HEADLINE:
            found = _all(exact, Tier.HEADLINE)
        case Tier.TEXT:
            found = _all(exact, Tier.TEXT)
            without.append(_all(exact, Tier.HEADLINE))
        case Tier.NAMES:
            found = _all(exact, Tier.ANY)
            without.append(_all(exact, Tier.TEXT))
        case Tier.HEADLINE_STEMS:
            found = _all(wanted, Tier.HEADLINE)
            without.append(_all(exact, Tier.ANY))
        case Tier.STEMS:
            found = _all(wanted, Tier.ANY)
            without += [_all(wanted, Tier.HEADLINE), _all(exact, Tier.ANY)]
        case _:
            found = _all(wanted, Tier.ANY)
    # One query for the index, as far as it goes.
    plain = [f"!({one.words})" for one in without if not one.phrases]
    sql, values = _sql(found._replace(words=" & ".join([found.words, *plain])), table)
    for one in without:
        if one.phrases:
            also, more = _sql(one, table)
            sql, values = f"{sql} AND NOT ({also})", [*values, *more]
    return f"({sql})", values


def _any(terms: list[_All], table: str) -> Condition:
    plain = " | ".join(one.words for one in terms if not one.phrases)
    conditions = [_sql(_All(plain, [], Tier.ANY), table)] if plain else []
    conditions += [_sql(one, table) for one in terms if one.phrases]
    sql = " OR ".join(f"({one})" for one, _ in conditions)
    return f"({sql})", [value for _, values in conditions for value in values]


def _all(wanted: list[Term], tier: Tier) -> _All:
    words = " & ".join(_lexemes(one, tier) for one in wanted)
    phrases = [
        f" {' '.join(term.words)}{'' if term.is_beginning else ' '}"
        for term in wanted
        if len(term.words) > 1
    ]
    return _All(words, phrases, tier)


def _sql(part: _All, table: str) -> Condition:
    prefix = f"{table}." if table else ""
    next_to = f"strpos({_TEXTS[part.tier].format(prefix)}, %s) > 0"
    sql = [f"{prefix}search @@ %s::tsquery", *[next_to] * len(part.phrases)]
    return " AND ".join(sql), [part.words, *part.phrases]


def _lexemes(term: Term, tier: Tier) -> str:
    """Return the query for all words of a term, or one of its stems."""

    def marked(mark: str) -> str:
        words = " & ".join(f"'{mark}{word}'" for word in term.words)
        return f"({words}{':*' if term.is_beginning else ''})"

    match tier:
        case Tier.HEADLINE:
            forms = [marked(HEADLINE)]
        case Tier.TEXT:
            forms = [marked("")]
        case _:
            forms = [marked(""), marked(NAME)]
    mark = HEADLINE if tier == Tier.HEADLINE else ""
    forms += [f"'{mark}{stem}'" for stem in term.stems]
    return f"({' | '.join(forms)})" if len(forms) > 1 else forms[0]

"""Searches as people type them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.sql.compiler import SQLCompiler

from articles.documents import address_key
from newsroom import stems
from newsroom.words import is_pair, words

LONGEST: Final = 1_000
"""Characters of a search to read at most: enough to paste the longest headline."""
MOST_TERMS: Final = 24
SHORTEST_PREFIX: Final = 3
"""Letters that an incomplete word needs, because fewer would match too many words."""

MOST_OF_ADDRESS: Final = 2_000

_SLUG: Final = re.compile(r"\d{4}-\d\d-\d\d-[^\s/]{1,244}")
_URL: Final = re.compile(r"https?://\S+", re.IGNORECASE)
_PART: Final = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')

NO_TEXT: Final = re.compile(r"[\0\ud800-\udfff]")
"""Characters that databases reject: NUL and halves of surrogate pairs."""


@dataclass(frozen=True, slots=True)
class Search:
    """A parsed search. A term is a tuple that contains one word or the words of a phrase.

    They are words as in the index (``newsroom.words``).
    """

    wanted: tuple[tuple[str, ...], ...] = ()
    unwanted: tuple[tuple[str, ...], ...] = ()
    begins: tuple[int, ...] = ()
    """The positions in ``wanted`` of incomplete words."""
    stems: tuple[tuple[str, ...], ...] = ()
    """For each wanted term the stems that also match, as in the index (``newsroom.stems``)."""

    @property
    def has_stems(self) -> bool:
        return any(self.stems)

    def __bool__(self) -> bool:
        return bool(self.wanted or self.unwanted)


def parse(text: str, *, is_typing: bool = True) -> Search:
    """Parse words, "phrases", beginnings* and -unwanted words. Other signs separate words.

    With ``is_typing`` the last word may also be incomplete. Wanted words without quotation marks
    also match other forms of the word. Never raises. Text without a letter or
    digit has no terms.
    """
    wanted: list[tuple[str, ...]] = []
    unwanted: list[tuple[str, ...]] = []
    begins: list[int] = []
    stemmed: list[tuple[str, ...]] = []
    is_last = False
    for minus, phrase, word in _PART.findall(text[:LONGEST]):
        found = words(phrase or word)
        # "on-demand" counts as two words, as in the index.
        terms = [_phrase(found)] if phrase or minus else list(_each(found))
        terms = [term[:MOST_TERMS] for term in terms if term]
        (unwanted if minus else wanted).extend(terms)
        if not minus:
            forms = {} if phrase or len(wanted) > MOST_TERMS else stems.of_search(word)
            stemmed += [forms.get(term[0], ()) if len(term) == 1 else () for term in terms]
        is_last = bool(word and found) and not minus
        if is_last and word.endswith("*"):
            begins.append(len(wanted) - 1)
    if is_typing and is_last:
        begins.append(len(wanted) - 1)
    wanted, unwanted = wanted[:MOST_TERMS], unwanted[:MOST_TERMS]
    places = sorted({min(place, len(wanted) - 1) for place in begins})
    long = (place for place in places if len(wanted[place]) == 1)
    return Search(
        tuple(wanted),
        tuple(unwanted),
        tuple(place for place in long if len(wanted[place][0]) >= SHORTEST_PREFIX),
        tuple(stemmed[:MOST_TERMS]),
    )


def _phrase(found: list[str]) -> tuple[str, ...]:
    """Return the words of a phrase. In a script without spaces, it may end inside a sentence."""
    is_inside = len(found) > 1 and is_pair(found[-2])
    return tuple(found[:-1] if is_inside else found)


def _each(found: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield the terms of words without quotation marks. Pairs of characters are one phrase."""
    pairs: list[str] = []
    for word in found:
        pairs.append(word)
        if not is_pair(word):
            yield _phrase(pairs)
            pairs = []


def address(text: str) -> Q | None:
    """Return the condition for the article whose URL, slug or page here is or was ``text``.

    Return None for a text that is neither.
    """
    if len(text) > MOST_OF_ADDRESS or NO_TEXT.search(text):
        return None
    if _SLUG.fullmatch(text):
        return has_slug(text)
    if not _URL.fullmatch(text):
        return None
    key = address_key(text)
    found = Q(address_key=key) | Q(_Had("articles_formeraddress", "address_key", key))
    # The article's page here, or on another host of this newsroom.
    last = unquote(text.partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[2])
    if _SLUG.fullmatch(last) and not NO_TEXT.search(last):
        found |= has_slug(last)
    return found


def has_slug(slug: str) -> Q:
    """Return the condition for the article that has or had a slug."""
    return Q(slug=slug) | Q(_Had("articles_formerslug", "slug", slug))


class _Had(Func):
    """Matches articles that had a value before; a table names the article of each."""

    output_field = BooleanField()

    def __init__(self, table: str, column: str, value: str) -> None:
        self.inner = f"SELECT article_id FROM {table} WHERE {column} = "
        super().__init__(
            F("pk"), Value(value), template="%(expressions)s)", arg_joiner=f" IN ({self.inner}"
        )

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> Any:
        # After OR, PostgreSQL would read the whole table for IN with a query.
        joined = {"template": "%(expressions)s))", "arg_joiner": f" = ANY(ARRAY({self.inner}"}
        return self.as_sql(compiler, connection, **joined, **context)

"""What is compared of two articles. No Django."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Final

from newsroom.words import spans, words

Weight = Callable[[str], float]
"""How much a word says about an article: the rarer, the more."""


@dataclass(frozen=True)
class Report:
    """The parts of an article that are compared."""

    title: str
    excerpt: str
    title_words: tuple[str, ...]
    excerpt_words: tuple[str, ...]
    at: datetime
    pictures: frozenset[str] = frozenset()
    """The URLs of its pictures."""
    reuses_titles: bool = False
    """Whether its provider often has the same headline for different reports."""

    @cached_property
    def headline(self) -> frozenset[str]:
        return frozenset(self.title_words)

    @cached_property
    def excerpt_set(self) -> frozenset[str]:
        return frozenset(self.excerpt_words)

    @cached_property
    def words(self) -> frozenset[str]:
        return self.headline.union(self.excerpt_words)

    @cached_property
    def names(self) -> frozenset[str]:
        """The words that are written with a capital letter or a digit."""
        return frozenset(_names(self.title)).union(_names(self.excerpt))

    @cached_property
    def triples(self) -> frozenset[tuple[str, ...]]:
        """Every three neighboring words of its excerpt."""
        text = self.excerpt_words
        return frozenset(zip(text, text[1:], text[2:], strict=False))

    @cached_property
    def sure_names(self) -> frozenset[str]:
        """Its names, except those that may have a capital letter for another reason.

        That is the case at the start of a sentence, and in headlines in which almost every word has
        one.
        """
        long = [word for word in self.title.split() if len(word) > 3]
        is_capitalized = sum(word[0].isupper() for word in long) > MOST_CAPITALS * len(long)
        texts = (self.excerpt,) if is_capitalized else (self.title, self.excerpt)
        return frozenset(name for text in texts for name in _names(text, skips_starts=True))

    def spelled(self, words: Iterable[str]) -> list[str]:
        """Return words as the article spells them."""
        return [self._spellings.get(word, word) for word in words]

    @cached_property
    def _spellings(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for text in (self.title, self.excerpt):
            for span in spans(text):
                found.setdefault(span.word, text[span.start : span.end])
        return found


MOST_CAPITALS: Final = 0.7
_ENDS: Final = ".!?:…"
_EDGES: Final = "\"'“”‘’«»„‚()[]{}<>.,;:!?…-–—"  # noqa: RUF001 - signs in texts


def _names(text: str, *, skips_starts: bool = False) -> Iterator[str]:
    is_start = True
    for one in text.split():
        bare = one.strip(_EDGES)
        # A later capital, as in "UNESCO" or "iPhone", is no matter of grammar.
        is_sure = not (skips_starts and is_start and bare[1:].islower())
        if bare and (bare[0].isdigit() or bare[0].isupper()) and is_sure:
            yield from _stored(bare)
        is_start = one[-1] in _ENDS


@lru_cache(maxsize=20_000)
def _stored(word: str) -> list[str]:
    return words(word)

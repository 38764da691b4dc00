"""What is compared of two articles. No Django."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final, Self

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

    @classmethod
    def of(cls, title: str, excerpt: str, at: datetime, pictures: Iterable[str] = ()) -> Self:
        texts = tuple(words(title)), tuple(words(excerpt))
        return cls(title, excerpt, *texts, at, frozenset(pictures))

    @cached_property
    def headline(self) -> frozenset[str]:
        return frozenset(self.title_words)

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

    def spelled(self, wanted: Iterable[str]) -> list[str]:
        """Return words as the article spells them, in their order."""
        missing = dict.fromkeys(wanted)
        found: dict[str, str] = {}
        for text in (self.title, self.excerpt):
            for span in spans(text) if missing.keys() - found.keys() else ():
                if span.word in missing:
                    found.setdefault(span.word, text[span.start : span.end])
        return [found.get(word, word) for word in missing]


_EDGES: Final = "\"'“”‘’«»„‚()[]{}<>.,;:!?…-–—"  # noqa: RUF001 - signs in texts


def _names(text: str) -> Iterator[str]:
    for one in text.split():
        bare = one.strip(_EDGES)
        if bare and (bare[0].isdigit() or bare[0].isupper()):
            yield from words(bare)

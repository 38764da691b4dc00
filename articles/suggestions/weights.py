"""How much each word says: the rarer, the more."""

from __future__ import annotations

from collections.abc import Iterable
from math import log
from typing import Final

from articles.models import Word

_LEAST: Final = 0.05
_RARE: Final = 0.4
"""How much a word must weigh to be a reason, as a part of the weight of the rarest."""


class Weights:
    """Weights of words by how many articles have them, loaded in sets."""

    def __init__(self) -> None:
        self.counts = Word.objects.counts([""])
        self.articles = max(2, self.counts.get("", 0))

    @property
    def least(self) -> float:
        """The weight of words that are worth naming."""
        return _RARE * log(self.articles)

    def load(self, words: Iterable[str]) -> None:
        """Load the numbers of words. One query, or none if all are known."""
        missing = set(words).difference(self.counts)
        if missing:
            self.counts |= dict.fromkeys(missing, 0) | Word.objects.counts(missing)

    def __call__(self, word: str) -> float:
        return max(_LEAST, log(self.articles / max(1, self.counts[word])))

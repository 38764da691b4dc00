"""How much each word says: the rarer, the more."""

from __future__ import annotations

from collections.abc import Iterable
from math import log
from typing import Final

from articles.models import Word

_MORE_ARTICLES: Final = 10
_MORE_WITH_WORD: Final = 3
"""As if there were so many more articles, and so many of them had the word. A word is then not rare
only because it is the first of its kind, and every weight is above zero."""
_RARE: Final = 0.5
"""How much a word must weigh to be a reason, as a part of the weight of the rarest."""


class Weights:
    """Weights of words by how many articles have them, loaded in sets."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._of: dict[str, float] = {}
        self.articles = Word.objects.counts([""]).get("", 0)
        self.least = _RARE * self._weight(1)
        """The weight of words that are worth naming."""
        self.of = self._of.__getitem__
        """The weight of a word that was loaded."""

    def load(self, words: Iterable[str]) -> None:
        """Load the numbers of words. One query, or none if all are known."""
        missing = set(words).difference(self.counts)
        if missing:
            counts = dict.fromkeys(missing, 0) | Word.objects.counts(missing)
            self.counts |= counts
            self._of |= {word: self._weight(count) for word, count in counts.items()}

    def _weight(self, count: int) -> float:
        articles = self.articles + _MORE_ARTICLES
        return log(articles / (min(count, self.articles) + _MORE_WITH_WORD))

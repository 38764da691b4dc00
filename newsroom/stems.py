"""The stems of a text's words, which plurals and other forms of a word share.

Search stores them behind the words, each with a mark and its language, because the same letters
have different stems in different languages. The algorithms are those of Snowball. They read words
with their accents, and the stem is then spelled as search spells words.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache
from typing import Any, Final

import snowballstemmer

from newsroom import words

STEM: Final = f"{words.MARK}s"
"""What a stem begins with; the two letters of its language follow."""
SHORTEST: Final = 3
_LONGEST: Final = 40
"""Letters. No longer word has a plural that anybody types."""

_LATIN: Final = {
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "sv": "swedish",
    "tr": "turkish",
}
_OTHERS: Final = {
    "ar": ("\u0600", "\u06ff", "arabic"),
    "el": ("\u0370", "\u03ff", "greek"),
    "hi": ("\u0900", "\u097f", "hindi"),
    "ru": ("\u0400", "\u04ff", "russian"),
}
"""The first and the last character of the script, and the algorithm."""
_ALGORITHMS: Final = _LATIN | {code: name for code, (*_, name) in _OTHERS.items()}
_SAME: Final = {"nb": "no", "nn": "no"}
_NOT_LETTERS: Final = re.compile(r"\d")


class _Stemmers(threading.local):
    """The stemmers of a thread. They keep the word they work on, so threads cannot share them."""

    def __init__(self) -> None:
        self.by_language: dict[str, Any] = {}

    def of(self, language: str) -> Any:
        if language not in self.by_language:
            self.by_language[language] = snowballstemmer.stemmer(_ALGORITHMS[language])
        return self.by_language[language]


_STEMMERS: Final = _Stemmers()


def language_of(locale: str) -> str:
    """Return the language of a tag such as en-us; empty if its words have no stems."""
    language = locale.lower().replace("_", "-").partition("-")[0]
    language = _SAME.get(language, language)
    return language if language in _ALGORITHMS else ""


def stored(text: str, locale: str) -> str:
    """Return the stems of a text in a language, each once, with single spaces between them."""
    language = language_of(locale)
    if not language:
        return ""
    found = (stem(word, language) for word in words.with_accents(text))
    return " ".join(dict.fromkeys(filter(None, found)))


def of_search(text: str) -> dict[str, tuple[str, ...]]:
    """Return the stems of each word of a search, in all languages of its script."""
    found = words.words(text)
    written = words.with_accents(text)
    if len(found) != len(written):
        written = found
    return {
        word: _in_each_language(accented) for word, accented in zip(found, written, strict=True)
    }


def _in_each_language(word: str) -> tuple[str, ...]:
    languages = [code for code, (first, last, _) in _OTHERS.items() if first <= word[0] <= last]
    if word[0] < "\u0250":
        languages = [*_LATIN]
    return tuple(filter(None, (stem(word, language) for language in languages)))


@lru_cache(maxsize=20_000)
def stem(word: str, language: str) -> str:
    """Return the marked stem of a word, as search stores it; empty if it has none."""
    is_word = SHORTEST <= len(word) <= _LONGEST
    if not is_word or words.is_unspaced(word) or _NOT_LETTERS.search(word):
        return ""
    # Only Turkish has a dot above the small i, from its capital.
    plain = unicodedata.normalize("NFC", word.replace("i\u0307", "i"))
    found = "".join(words.words(_STEMMERS.of(language).stemWord(plain)))
    return f"{STEM}{language}{found}" if found else ""

"""The stems of a text's words as 0042 stored them for the search."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import Any, Final

import snowballstemmer

from articles.migrations.frozen import words

STEM: Final = f"{words.MARK}s"
_ALGORITHMS: Final = {
    "ar": "arabic",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hi": "hindi",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
_SAME: Final = {"nb": "no", "nn": "no"}
_SHORTEST: Final = 3
_LONGEST: Final = 40
# Python refuses to convert thousands of digits.
_LONG_NUMBER: Final = re.compile(r"&#0*(?=[0-9])([0-9]{0,8})[0-9]*")


class _Accented(dict[int, str]):
    """What each character becomes if accents stay."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        found = words.accented(letter)
        if unicodedata.category(letter) not in {"Cn", "Co", "Cs"}:
            self[code] = found
        return found


_ACCENTED: Final = _Accented()


@lru_cache
def _stemmer(language: str) -> Any:
    return snowballstemmer.stemmer(_ALGORITHMS[language])


@lru_cache(maxsize=20_000)
def _stem(word: str, language: str) -> str:
    is_word = _SHORTEST <= len(word) <= _LONGEST
    if not is_word or words.is_unspaced(word) or re.search(r"\d", word):
        return ""
    plain = unicodedata.normalize("NFC", word.replace("i\u0307", "i"))
    found = "".join(words.words(_stemmer(language).stemWord(plain)))
    return f"{STEM}{language}{found}" if found else ""


def stems_of(text: str, locale: str) -> str:
    """Return the marked stems of a text in a language, each once."""
    language = locale.lower().replace("_", "-").partition("-")[0]
    language = _SAME.get(language, language)
    if language not in _ALGORITHMS:
        return ""
    if "&" in text:
        text = html.unescape(_LONG_NUMBER.sub(r"&#\1", text))
    plain = unicodedata.normalize("NFC", text[: words.LONGEST_TEXT].translate(_ACCENTED))
    found = (_stem(word, language) for word in words.runs(plain))
    return " ".join(dict.fromkeys(filter(None, found)))

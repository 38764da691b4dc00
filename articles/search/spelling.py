"""Words that differ from a mistyped one by a single letter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

SHORTEST: Final = 4
"""Letters. Almost every shorter word is one letter from several others."""

_ALPHABETS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґ",
    "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهويءةىآأإؤئ",
)
"""The letters of each script that spells words letter by letter, as search stores them."""


def near(word: str) -> set[str]:
    """Return all words one letter away: one more, one less, another, or two neighbors exchanged.

    Return none for a short word, and for one with signs or letters of other scripts.
    """
    alphabet = next((letters for letters in _ALPHABETS if set(word) <= set(letters)), "")
    if len(word) < SHORTEST or not alphabet:
        return set()
    return {*_near(word, alphabet)} - {word}


def _near(word: str, alphabet: str) -> Iterator[str]:
    for place in range(len(word) + 1):
        before, after = word[:place], word[place:]
        yield before + after[1:]
        yield before + after[1:2] + after[:1] + after[2:]
        for letter in alphabet:
            yield before + letter + after
            yield before + letter + after[1:]

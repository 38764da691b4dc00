"""The words of a text as 0036 stored them for the search.

Case, accents, vowel points and invisible characters do not count, and letters that look or read
alike are one: "ß" and "ss", "œ" and "oe", ligatures and their letters, full and usual width. Scripts
without spaces between words are stored as overlapping pairs of characters, so that any part of a
sentence can be found.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

LONGEST_TEXT: Final = 100_000
"""Characters of a text to read at most; PostgreSQL's index holds a megabyte for each article."""
LONGEST_WORD: Final = 250
"""Characters of a word to keep; PostgreSQL takes two kilobytes at most."""

MARK: Final = "\u02ac"
"""A character that no language uses. Marks in the index begin with it; words never contain it."""

# Letters that have no decomposition, but are typed and read like others.
_SAME: Final = {
    "œ": "oe",
    "æ": "ae",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    # The dotless i of Turkish.
    "\u0131": "i",
    # Persian and Urdu keyboards have letters of their own for Arabic kaf and yeh.
    "\u06a9": "\u0643",
    "\u06cc": "\u064a",
}
# Invisible letters and marks, and the line that stretches Arabic words.
_INVISIBLE: Final = frozenset(
    "\u0640\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10))))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
# Apostrophes are letters to Unicode, but signs to those who type them.
_SIGNS: Final = frozenset(f"{MARK}\u02b9\u02ba\u02bb\u02bc\u02bd\u02be\u02bf")
_UNSPACED: Final = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Burmese
    "\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf"  # Khmer, Tai
    "\u3005-\u3007\u3021-\u3035\u303b\u3040-\u312f\u31a0-\u31ff"  # Japanese, Bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
_UNSPACED_LETTER: Final = re.compile(f"[{_UNSPACED}]")
# Python refuses to convert thousands of digits.
_LONG_NUMBER: Final = re.compile(r"&#0*(?=[0-9])([0-9]{0,8})[0-9]*")
_RUN: Final = re.compile(f"[{_UNSPACED}]+|[^ {_UNSPACED}]+")


class _Letters(dict[int, str]):
    """What each character becomes. Each is looked up once, and kept unless no language has it."""

    def __missing__(self, code: int) -> str:
        plain = _plain(chr(code))
        if unicodedata.category(chr(code)) not in {"Cn", "Co", "Cs"}:
            self[code] = plain
        return plain


_LETTERS: Final = _Letters()


def words(text: str) -> list[str]:
    """Return the words of a text in order, each as it is stored."""
    plain = text[:LONGEST_TEXT].translate(_LETTERS)
    if plain.isascii():
        found = plain.split()
    else:
        plain = unicodedata.normalize("NFC", plain)
        found = [word for run in _RUN.findall(plain) for word in _words_of(run)]
    if max(map(len, found), default=0) > LONGEST_WORD:
        found = [word[:LONGEST_WORD] for word in found]
    return found


def words_of(text: str) -> str:
    """Return the words of a text with single spaces between them."""
    if "&" in text:
        text = html.unescape(_LONG_NUMBER.sub(r"&#\1", text))
    return " ".join(words(text))


def is_unspaced(word: str) -> bool:
    """Return whether a word is of a script without spaces."""
    return _UNSPACED_LETTER.match(word) is not None


def _plain(letter: str) -> str:
    """Return what a character becomes: letters and digits, nothing if invisible, else a space."""
    category = unicodedata.category(letter)
    if category == "Cf" or letter in _INVISIBLE:
        return ""
    # Before the decomposition, which turns a trademark sign into letters.
    if not _is_kept(letter):
        return " "
    folded = unicodedata.normalize("NFKC", letter).casefold()
    parts = [one for one in unicodedata.normalize("NFKD", folded) if not _is_accent(one)]
    kept = "".join(_SAME.get(one, one) if _is_kept(one) else " " for one in parts)
    return unicodedata.normalize("NFC", kept)


def accented(letter: str) -> str:
    """Return what a character becomes if accents stay, as 0042 read words to find their stems."""
    plain = _LETTERS[ord(letter)]
    is_mark = unicodedata.category(letter) == "Mn" and letter not in _INVISIBLE
    if not plain.strip() and not is_mark:
        return plain
    folded = unicodedata.normalize("NFKC", letter).casefold()
    return "".join(one if _is_kept(one) else " " for one in folded)


def runs(text: str) -> list[str]:
    """Return the letters without a space between them, all of one kind of script."""
    return _RUN.findall(text)


def _is_kept(letter: str) -> bool:
    # Combining marks are vowels in many scripts.
    return unicodedata.category(letter)[0] in "LNM" and letter not in _SIGNS


def _is_accent(letter: str) -> bool:
    """Return whether a mark is an accent, a Hebrew or Arabic vowel point, or encloses a letter."""
    combining = unicodedata.combining(letter)
    is_point = 10 <= combining <= 36 or combining >= 200
    return is_point or letter in _INVISIBLE or unicodedata.category(letter) == "Me"


def _words_of(run: str) -> list[str]:
    """Return the words of letters without a space between them, all of one kind of script.

    The last character of a script without spaces is also a word, as none begins a pair with it.
    """
    if not is_unspaced(run):
        return [run]
    return [run[place : place + 2] for place in range(len(run))]

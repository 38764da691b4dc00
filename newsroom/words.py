"""The words of a text as search stores and finds them: the same on every database.

Case, accents, vowel points and invisible characters do not count, and letters that look or read
alike are one: "ß" and "ss", "œ" and "oe", ligatures and their letters, full and usual width. Scripts
without spaces between words are stored as overlapping pairs of characters, so that any part of a
sentence can be found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple

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
_ASCII_WORD: Final = re.compile("[^ ]+")
_RUN: Final = re.compile(f"[{_UNSPACED}]+|[^ {_UNSPACED}]+")


class _Letters(dict[int, str]):
    """What each character becomes. Each is looked up once, and kept unless no language has it."""

    def __missing__(self, code: int) -> str:
        plain = _plain(chr(code))
        if unicodedata.category(chr(code)) not in {"Cn", "Co", "Cs"}:
            self[code] = plain
        return plain


class _Accented(dict[int, str]):
    """What each character becomes if accents stay."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        plain = _LETTERS[code]
        if plain.strip() or _is_mark(letter):
            folded = unicodedata.normalize("NFKC", letter).casefold()
            plain = "".join(one if _is_kept(one) else " " for one in folded)
        if unicodedata.category(letter) not in {"Cn", "Co", "Cs"}:
            self[code] = plain
        return plain


_LETTERS: Final = _Letters()
_ACCENTED: Final = _Accented()


class Span(NamedTuple):
    """A word of a text, and where it is in there."""

    start: int
    end: int
    word: str
    first_end: int
    """The end of its first character."""


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


def with_accents(text: str) -> list[str]:
    """Return the same words in lower case with their accents, for rules of a language."""
    plain = text[:LONGEST_TEXT].translate(_ACCENTED)
    if plain.isascii():
        return plain.split()
    plain = unicodedata.normalize("NFC", plain)
    return [word for run in _RUN.findall(plain) for word in _words_of(run)]


def stored(text: str) -> str:
    """Return the words of a text with single spaces between them."""
    return " ".join(words(text))


def is_pair(word: str) -> bool:
    """Return whether a word is two neighbors in a script without spaces."""
    return len(word) == 2 and is_unspaced(word)


def is_unspaced(word: str) -> bool:
    """Return whether a word is of a script without spaces."""
    return _UNSPACED_LETTER.match(word) is not None


def may_continue(word: str) -> bool:
    """Return whether a search for a word also means longer ones.

    A single character of a script without spaces begins pairs. In Korean, particles follow a word
    without a space.
    """
    return (len(word) == 1 and is_unspaced(word)) or (len(word) > 1 and "가" <= word[-1] <= "힣")


def spans(text: str) -> Iterator[Span]:
    """Yield ``words(text)``, and where each is in the text."""
    text = text[:LONGEST_TEXT]
    if all(map(_is_plain, set(text))):
        # Most texts in Latin letters: the words are where they were.
        for found in _ASCII_WORD.finditer(text.translate(_LETTERS)):
            start, end = found.span()
            yield Span(start, end, found[0][:LONGEST_WORD], start + 1)
        return
    for run in _runs(text):
        plain = "".join(letter.word for letter in run)
        if is_unspaced(plain):
            for first, second in zip(run, [*run[1:], None], strict=True):
                last = second or first
                word = first.word + (second.word if second else "")
                yield Span(first.start, last.end, word, first.end)
        else:
            yield Span(run[0].start, run[-1].end, plain[:LONGEST_WORD], run[0].end)


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


def _is_plain(letter: str) -> bool:
    """Return whether a character becomes exactly one, in ASCII."""
    plain = _LETTERS[ord(letter)]
    return len(plain) == 1 and plain.isascii()


def _is_kept(letter: str) -> bool:
    # Combining marks are vowels in many scripts.
    return unicodedata.category(letter)[0] in "LNM" and letter not in _SIGNS


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter) == "Mn" and letter not in _INVISIBLE


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


def _runs(text: str) -> Iterator[list[Span]]:
    """Yield the characters between spaces and changes of script, as they are stored."""
    run: list[Span] = []
    for letter in _letters(text):
        if run and (letter.word == " " or is_unspaced(letter.word) != is_unspaced(run[0].word)):
            yield run
            run = []
        if letter.word != " ":
            run.append(letter)
    if run:
        yield run


def _letters(text: str) -> Iterator[Span]:
    """Yield each stored character of a text, and where it comes from."""
    units: list[Span] = []
    for place, letter in enumerate(text):
        plain = _LETTERS[ord(letter)]
        unit = Span(place, place + 1, plain, place + 1)
        # Marks and Korean letters become one character with those before them.
        while units and not plain.isascii() and _joins(units[-1].word, plain):
            before = units.pop()
            plain = unicodedata.normalize("NFC", before.word + plain)
            unit = Span(before.start, place + 1, plain, place + 1)
        if plain:
            units.append(unit)
        elif units and units[-1].word != " ":
            # What is invisible belongs to the letter before it.
            units[-1] = units[-1]._replace(end=place + 1, first_end=place + 1)
    for unit in units:
        for one in unit.word:
            yield unit._replace(word=one)


def _joins(before: str, letter: str) -> bool:
    return not unicodedata.is_normalized("NFC", before + letter)

"""The changes between two texts, word by word where that is fast enough."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final, Literal, NamedTuple

MOST_COMPARED: Final = 1_000
"""The most words or lines per side that are compared; the cost grows with their square."""

KEPT_AROUND: Final = 120
"""Characters of unchanged text shown on each side of a change."""

_WORD: Final = re.compile(r"\s+|\w+|[^\w\s]")


class Piece(NamedTuple):
    """A part of the texts. The middle of a ``same`` piece may be left out."""

    kind: Literal["same", "del", "ins"]
    text: str


def text_diff(before: str, after: str) -> list[Piece]:
    """Return the pieces of both texts in order, including deletions and insertions.

    The comparison is by word, by line if there are too many words, or else of the texts as a whole.
    A common start and end cost nothing.
    """
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    # Keep words whole: do not compare "right" and "light" as "r" and "l" before "ight".
    head = _word_start(before, after, head)
    tail = _word_start(before[::-1], after[::-1], tail)
    tail = min(tail, len(before) - head, len(after) - head)
    middle = _middle(before[head : len(before) - tail], after[head : len(after) - tail])
    pieces = [
        Piece("same", before[:head]),
        *middle,
        Piece("same", before[len(before) - tail :] if tail else ""),
    ]
    return [_shortened(piece) for piece in pieces if piece.text]


def _common(one: str, other: str) -> int:
    most = min(len(one), len(other))
    low, high = 0, most
    # Bisect: comparing slices is far faster than comparing characters.
    while low < high:
        half = (low + high + 1) // 2
        if one[low:half] == other[low:half]:
            low = half
        else:
            high = half - 1
    return low


def _word_start(one: str, other: str, at: int) -> int:
    while at and any(len(text) > at and text[at].isalnum() for text in (one, other)):
        if not one[at - 1].isalnum():
            break
        at -= 1
    return at


def _middle(before: str, after: str) -> Iterator[Piece]:
    for split in (_WORD.findall, lambda text: text.splitlines(keepends=True)):
        one, other = split(before), split(after)
        if max(len(one), len(other)) <= MOST_COMPARED:
            yield from _compared(one, other)
            return
    yield Piece("del", before)
    yield Piece("ins", after)


def _compared(one: Sequence[str], other: Sequence[str]) -> Iterator[Piece]:
    # By default, frequent words (spaces) are not anchors, because the cost would be unbounded.
    for tag, i, i_end, j, j_end in SequenceMatcher(None, one, other).get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(one[i:i_end]))
        else:
            yield Piece("del", "".join(one[i:i_end]))
            yield Piece("ins", "".join(other[j:j_end]))


def _shortened(piece: Piece) -> Piece:
    if piece.kind != "same" or len(piece.text) <= 3 * KEPT_AROUND:
        return piece
    return Piece("same", f"{piece.text[:KEPT_AROUND]} … {piece.text[-KEPT_AROUND:]}")

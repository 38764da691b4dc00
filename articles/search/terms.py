"""What people may type."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from django.db.models import Q

LONGEST: Final = 1_000
"""Characters of a search that are read: the longest headline, pasted."""
MOST_TERMS: Final = 24
SHORTEST_PREFIX: Final = 3
"""Letters that a beginning must have: shorter ones begin too many words."""

MOST_OF_ADDRESS: Final = 2_000

_SLUG: Final = re.compile(r"\d{4}-\d\d-\d\d-[^\s/]{1,244}")
_URL: Final = re.compile(r"https?://\S+", re.IGNORECASE)
# What senders of links add to an address that is not part of it.
_TRACKING: Final = ("utm_", "fbclid=", "gclid=")
_PART: Final = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')

NO_TEXT: Final = re.compile(r"[\0\ud800-\udfff]")
"""What databases take for no text: NUL, and halves of characters."""

MARK: Final = "\u02ac"
"""A letter of no language, in front of what only the index itself asks for. Nobody's words have it."""


@dataclass(frozen=True, slots=True)
class Search:
    """What a person asked for. A term is one word, or the words of a phrase in order."""

    wanted: tuple[tuple[str, ...], ...] = ()
    unwanted: tuple[tuple[str, ...], ...] = ()
    begins: tuple[int, ...] = ()
    """The places in ``wanted`` of words of which only the beginning is given."""

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.wanted or self.unwanted)


def parse(text: str, *, is_typing: bool = True) -> Search:
    """Read words, "phrases", beginnings* and -unwanted ones; whatever else is typed separates words.

    While somebody ``is_typing`` the last word is taken for a beginning, too. Never raises. What has
    neither letter nor digit asks for nothing, and so finds nothing.
    """
    wanted: list[tuple[str, ...]] = []
    unwanted: list[tuple[str, ...]] = []
    begins: list[int] = []
    is_last = False
    for minus, phrase, word in _PART.findall(text[:LONGEST]):
        found = words(phrase or word)[:MOST_TERMS]
        # Words that signs join, as in "on-demand", stand side by side in what is looked for too.
        terms = [tuple(found)] if phrase or minus else [(one,) for one in found]
        (unwanted if minus else wanted).extend(term for term in terms if term)
        is_last = bool(word and found) and not minus
        if is_last and word.endswith("*"):
            begins.append(len(wanted) - 1)
    if is_typing and is_last:
        begins.append(len(wanted) - 1)
    wanted, unwanted = wanted[:MOST_TERMS], unwanted[:MOST_TERMS]
    places = sorted({min(place, len(wanted) - 1) for place in begins})
    long = (place for place in places if len(wanted[place]) == 1)
    return Search(
        tuple(wanted),
        tuple(unwanted),
        tuple(place for place in long if len(wanted[place][0]) >= SHORTEST_PREFIX),
    )


def words(text: str) -> list[str]:
    """Return the words of a text as they are written."""
    # Marks belong to the letter before them: accents, and the vowels of many scripts.
    kept = (
        letter if unicodedata.category(letter)[0] in "LNM" and letter != MARK else " "
        for letter in unicodedata.normalize("NFC", text)
    )
    return [word for word in "".join(kept).split() if any(map(str.isalnum, word))]


def address(text: str) -> Q | None:
    """Return the condition that finds one article by its address, slug or page here, if it is one."""
    if len(text) > MOST_OF_ADDRESS or NO_TEXT.search(text):
        return None
    if _SLUG.fullmatch(text):
        return Q(slug=text)
    if not _URL.fullmatch(text):
        return None
    whole = text.partition("#")[0]
    path, _, query = whole.partition("?")
    own = [part for part in query.split("&") if part and not part.startswith(_TRACKING)]
    plain = f"{path}?{'&'.join(own)}" if own else path
    slashes = [plain] if own else [path.rstrip("/"), f"{path.rstrip('/')}/"]
    found = Q(url__in=list(dict.fromkeys([text, whole, plain, *slashes])))
    # The article's page here, or under another host that shows this newsroom.
    last = unquote(path.rstrip("/").rpartition("/")[2])
    if _SLUG.fullmatch(last) and not NO_TEXT.search(last):
        found |= Q(slug=last)
    return found

"""Kinds of reasons why images fail, told by the words that ``fetching`` and ``renditions`` use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Q


@dataclass(frozen=True, slots=True)
class Kind:
    """What one may do about a failure depends on this."""

    key: str
    label: str
    beginnings: tuple[str, ...]
    """How the reasons begin."""
    endings: tuple[str, ...] = ()

    @property
    def condition(self) -> Q:
        """Return the condition of the ``ImageFetch`` that failed so."""
        found = Q()
        for words in self.beginnings:
            found |= Q(failure__startswith=words)
        for words in self.endings:
            found |= Q(failure__endswith=words)
        return found


KINDS: Final = (
    Kind("refused", "its server says no", ("Its server answers ",)),
    Kind(
        "unreachable",
        "no answer, or not all of one",
        ("It took more than ", "The server "),
        (" is not known to exist.",),
    ),
    Kind(
        "address",
        "not asked for",
        ("The address ", "Port ", "It redirects "),
        (" is not public.",),
    ),
    Kind("other", "no image that is kept", ("It is ", "It comes encoded ")),
    Kind(
        "unreadable",
        "too large, or cannot be read",
        (
            "It has more than ",
            "A side has ",
            "It cannot be read",
            "It takes ",
            "It was not ready ",
            "It breaks ",
        ),
    ),
)
"""Every reason is of one of these."""

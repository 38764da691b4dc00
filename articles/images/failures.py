"""Kinds of reasons why images fail, recognized by the messages of ``fetching`` and
``renditions``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Q


@dataclass(frozen=True, slots=True)
class Kind:
    key: str
    label: str
    beginnings: tuple[str, ...]
    endings: tuple[str, ...] = ()

    @property
    def condition(self) -> Q:
        """Return the condition that selects these failures of ``ImageFetch``."""
        starts = [Q(failure__startswith=words) for words in self.beginnings]
        ends = [Q(failure__endswith=words) for words in self.endings]
        return Q(*starts, *ends, _connector=Q.OR)


KINDS: Final = (
    Kind("refused", "Server refused", ("Its server answers ",)),
    Kind(
        "unreachable",
        "No answer, or an incomplete one",
        ("It took more than ", "The server "),
        (
            " cannot be found.",
            " is not known to exist.",
        ),
    ),
    Kind(
        "address",
        "Address not allowed",
        ("The address ", "Port ", "It redirects "),
        (" is not public.",),
    ),
    Kind("other", "Not an image we keep", ("It is ", "This is ", "It comes encoded ")),
    Kind(
        "unreadable",
        "Too large or unreadable",
        (
            "It has more than ",
            "A side has ",
            "It cannot be read",
            "It takes ",
            "It was not ready ",
            "It crashes ",
            "It breaks ",
        ),
    ),
)
"""Every reason belongs to one of these. Keep older messages: they are stored with older
failures."""

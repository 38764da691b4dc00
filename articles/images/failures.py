"""The kinds of image failures, recognized by the messages of ``fetching`` and ``renditions``."""

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
        """Return the condition that selects the ``ImageFetch`` rows with this kind of failure."""
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
"""Every failure belongs to one of these. Keep old messages, which older failures still have."""

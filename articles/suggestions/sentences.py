"""Reasons in words. No Django."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from articles.suggestions.ranking import Reason


def sentences(reasons: Iterable[Reason]) -> list[str]:
    """Return reasons as editors read them. Those of a later version are left out."""
    return [_SENTENCES[code](*values) for code, *values in reasons if code in _SENTENCES]


def _listed(before: str) -> Callable[..., str]:
    return lambda *words: f"{before}: {', '.join(words)}"


def _apart(hours: float) -> str:
    if hours < 1:
        return "less than an hour apart"
    whole = round(hours)
    if whole < 48:
        return f"{whole} hour{'' if whole == 1 else 's'} apart"
    return f"{round(hours / 24)} days apart"


_SENTENCES: Final[Mapping[str, Callable[..., str]]] = {
    "names": _listed("both name"),
    "words": _listed("both use rare words"),
    "picture": lambda: "same picture",
    "hours": _apart,
    "excerpt": lambda percent: f"{percent} % of the excerpt is identical",
    "headline": lambda: "same headline",
}

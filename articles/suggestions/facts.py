"""The facts of an article that its quality may depend on, and how editors read them. No Django."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from articles.suggestions.linear import Example, Facts

_STEP: Final = 20
_LONGEST_HEADLINE: Final = 140
"""Characters of a headline that make a difference."""
_HEADLINES: Final = range(40, _LONGEST_HEADLINE, 10)
_EXCERPTS: Final = range(0, 400, 100)
_HOURS: Final = 6
MOST_TOPICS: Final = 20
FEWEST: Final = 10
"""Topics of fewer articles are left out."""


class Known(NamedTuple):
    """What is known of an article before it is scored. Lengths are in characters."""

    headline: int
    excerpt: int
    has_picture: bool
    has_amp: bool
    is_video: bool
    at: datetime
    topics: frozenset[int]


def facts(known: Known) -> Facts:
    """Return the facts: ``kind`` or ``kind:detail``, and their sizes, about 0 to 1."""
    at = known.at.astimezone(UTC)
    headline = min(known.headline, _LONGEST_HEADLINE)
    excerpt = min(known.excerpt, _EXCERPTS.stop)
    found = {
        "picture": float(known.has_picture),
        "amp": float(known.has_amp),
        "video": float(known.is_video),
        "weekend": float(at.weekday() >= 5),
        f"hour:{at.hour // _HOURS * _HOURS}": 1.0,
        # How far the length is above each of some lengths. So the effect is a line with bends.
        **{f"headline:{least}": max(0, headline - least) / _STEP for least in _HEADLINES},
        **{f"excerpt:{least}": max(0, excerpt - least) / 200 for least in _EXCERPTS},
        **{f"topic:{pk}": 1.0 for pk in known.topics},
    }
    return {name: size for name, size in found.items() if size}


def names(examples: Iterable[Example]) -> list[str]:
    """Return the names of the facts to learn: all but those of rare topics."""
    seen = Counter(name for one in examples for name in one.facts)
    topics = [name for name, count in seen.most_common() if count >= FEWEST and _is_topic(name)]
    return sorted([name for name in seen if not _is_topic(name)] + topics[:MOST_TOPICS])


def _is_topic(name: str) -> bool:
    return name.startswith("topic:")


def reasons(
    effects: Mapping[str, float], own: Facts, usual: Facts, topics: Mapping[str, str]
) -> list[str]:
    """Return what makes a difference of a point or more, the strongest first.

    ``usual`` are the facts of the provider's other articles, ``topics`` the names by primary key.
    """
    points: dict[str, float] = defaultdict(float)
    more: dict[str, float] = defaultdict(float)
    for name, effect in effects.items():
        # The pieces of a length are one reason, and so are the topics that it does not have.
        kind = name if _is_topic(name) and name in own else name.partition(":")[0]
        points[kind] += effect
        more[kind] += own.get(name, 0.0) - usual.get(name, 0.0)
    strongest = sorted(points, key=lambda kind: (-abs(points[kind]), kind))
    return [
        f"{_text(kind, more[kind] > 0, own, topics)} {_signed(points[kind])}"
        for kind in strongest
        if round(abs(points[kind])) >= 1
    ]


def _signed(points: float) -> str:
    return f"{'+' if points > 0 else '−'}{round(abs(points))}"  # noqa: RUF001 - a minus


def _text(kind: str, is_more: bool, own: Facts, topics: Mapping[str, str]) -> str:
    if _is_topic(kind):
        return f"topic {topics.get(kind.partition(':')[2], '?')}"
    if kind == "hour":
        return next((_hours(name) for name in own if name.startswith("hour:")), "time of day")
    return _TEXTS[kind][not is_more]


def _hours(name: str) -> str:
    start = int(name.partition(":")[2])
    return f"published from {start}:00 to {start + _HOURS}:00 UTC"


_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "picture": ("has a picture", "no picture"),
    "amp": ("has an AMP page", "no AMP page"),
    "video": ("video", "not a video"),
    "weekend": ("published at the weekend", "published on a weekday"),
    "headline": ("long headline", "short headline"),
    "excerpt": ("long excerpt", "short excerpt"),
    "topic": ("", "without other usual topics"),
}
"""What a fact is called if the article has more of it than usual, and if less."""

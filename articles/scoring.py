"""The rule: quality to heat to published. Pure functions; policy and decisions are arguments.

The rule was recovered from 130 scored documents of the hub that invented the format. It explains 127
of them; the heat of the other three differs by 1 or 2. In short:

1. An article outranks another by quality; then by being published earlier, then by slug. A pinned
   article outranks all that are not pinned. An unscored article outranks none.
2. An article that any of its own related outranks is superseded: heat -1.
3. Otherwise heat is its quality, plus a bonus for each related article once quality reaches the
   minimum.
4. Heat at or over the threshold publishes.
5. An editor's decision to publish or hold overrides the rule. Held and withdrawn articles
   neither supersede nor count for the bonus.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import log2
from typing import Final

SUPERSEDED_HEAT: Final = -1
HALF_LIFE: Final = 24 * 3600.0
"""Seconds in which an article loses half of its heat for the order of the front page."""


class Decision(StrEnum):
    """An editor's decision, which overrides the rule."""

    NONE = ""
    PUBLISH = "publish"
    HOLD = "hold"
    WITHDRAW = "withdraw"

    @property
    def is_out(self) -> bool:
        """Whether this removes the article from its story."""
        return self in _OUT


_OUT: Final = frozenset({Decision.HOLD, Decision.WITHDRAW})


@dataclass(frozen=True, slots=True)
class Policy:
    """The three numbers of the rule, in heat points; the defaults are the hub's."""

    threshold: int = 70
    bonus: int = 10
    minimum: int = 50


DEFAULT_POLICY: Final = Policy()


@dataclass(frozen=True, slots=True)
class Contender:
    """The facts about an article that the rule needs; ``name`` (its provider) is for receipts."""

    slug: str
    published_at: datetime
    quality: int | None = None
    decision: Decision = Decision.NONE
    is_pinned: bool = False
    name: str = ""

    def outranks(self, other: Contender) -> bool:
        """Whether this comes before ``other`` in a story."""
        return self.quality is not None and not self.decision.is_out and self.rank < other.rank

    def advantage(self, other: Contender) -> str:
        """Return why this outranks ``other``; both must be scored."""
        if self.is_pinned and not other.is_pinned:
            return "pinned as the lead"
        if self.quality != other.quality:
            return f"better by {(self.quality or 0) - (other.quality or 0)}"
        if self.published_at != other.published_at:
            return "equally good and published earlier"
        return "equally good and published at the same time, first by slug"

    @property
    def rank(self) -> tuple[bool, bool, bool, int, datetime, str]:
        """The sort key of stories: best first, then unscored ones, then held and withdrawn ones.

        ``ArticleQuerySet.by_rank`` is the same order in SQL, for articles that are not taken out.
        """
        is_unscored, quality = self.quality is None, self.quality or 0
        by_quality = (is_unscored, not self.is_pinned, -quality)
        return (self.decision.is_out, *by_quality, self.published_at, self.slug)

    def __str__(self) -> str:
        score = "not scored" if self.quality is None else str(self.quality)
        return f"{self.name or self.slug} ({score})"


@dataclass(frozen=True, slots=True)
class Receipt:
    """How an article got its heat, in numbers and, by ``str()``, in words.

    ``counted`` are the related articles that earn the bonus, ``superseded_by`` those that outrank
    the article; both best first, unscored ones last.
    """

    article: Contender
    policy: Policy
    heat: int | None
    published: bool
    counted: tuple[Contender, ...]
    superseded_by: tuple[Contender, ...]
    left_out: tuple[Contender, ...]

    @property
    def bonus(self) -> int:
        """Heat points that the related articles earned."""
        if self.heat is None or self.superseded_by or self.article.quality is None:
            return 0
        return self.heat - self.article.quality

    def __str__(self) -> str:
        decision = self.article.decision
        if decision is Decision.NONE:
            return self.words()
        verb = {"publish": "published", "hold": "held", "withdraw": "withdrawn"}[decision]
        return self.words(f"{verb} by an editor's decision")

    def words(self, decision: str = "") -> str:
        """Return the receipt in words; ``decision`` says what an editor decided."""
        words = [self._sum()]
        if decision:
            words.append(decision)
        if self.published and not self.superseded_by and self.counted:
            words.append(f"leads {', '.join(map(str, self.counted))}")
        if self.left_out:
            words.append(f"does not count {', '.join(map(str, self.left_out))}: held or withdrawn")
        return "; ".join(words)

    def _sum(self) -> str:
        quality, policy = self.article.quality, self.policy
        if quality is None:
            return "not scored yet: no heat, waits for a quality"
        if self.superseded_by:
            first = self.superseded_by[0]
            why = first.advantage(self.article)
            return f"quality {quality}: superseded by {first}, {why}: heat -1"
        if self.bonus:
            total = (
                f"quality {quality} + {len(self.counted)} related × {policy.bonus} = {self.heat}"  # noqa: RUF001
            )
        elif self.counted and quality < policy.minimum:
            without = f"under {policy.minimum}, no bonus for {len(self.counted)} related"
            total = f"quality {quality} ({without})"
        else:
            total = f"quality {quality}"
        if self.heat is not None and self.heat >= policy.threshold:
            outcome = f"≥ {policy.threshold}" + (": published" if self.published else "")
        else:
            outcome = f"< {policy.threshold}" + ("" if self.published else ": not published")
        return f"{total} {outcome}"


def score(
    article: Contender, related: Iterable[Contender], policy: Policy = DEFAULT_POLICY
) -> Receipt:
    """Return the receipt of an article: its heat and published, given its related articles."""
    by_rank = sorted(related, key=lambda other: other.rank)
    counted = tuple(other for other in by_rank if not other.decision.is_out)
    left_out = tuple(other for other in by_rank if other.decision.is_out)
    superseded_by: tuple[Contender, ...] = ()
    if article.quality is not None and not article.decision.is_out:
        superseded_by = tuple(other for other in counted if other.outranks(article))
    heat, published = outcome(
        article.quality, article.decision, bool(superseded_by), len(counted), policy
    )
    return Receipt(article, policy, heat, published, counted, superseded_by, left_out)


def outcome(
    quality: int | None, decision: Decision, is_superseded: bool, counted: int, policy: Policy
) -> tuple[int | None, bool]:
    """Return heat and published by the rule; ``counted`` related articles earn the bonus."""
    heat = None
    if quality is not None:
        heat = SUPERSEDED_HEAT if is_superseded else quality
        if not is_superseded and quality >= policy.minimum:
            heat += policy.bonus * counted
    if decision is Decision.NONE:
        return heat, heat is not None and heat >= policy.threshold
    return heat, decision is Decision.PUBLISH


@dataclass(slots=True)
class Tally:
    """``score`` in numbers only, for archives of a million articles.

    If ``is_tied``, a related article has the same quality and none has a higher one. Then time and
    slug decide, and only ``score`` compares these.
    """

    quality: int | None
    decision: Decision
    is_pinned: bool
    counted: int = 0
    is_superseded: bool = False
    has_equal: bool = False

    @property
    def is_tied(self) -> bool:
        """Whether only ``score`` can decide."""
        return self.has_equal and not self.is_superseded

    def add(self, quality: int | None, decision: Decision, is_pinned: bool) -> None:
        """Add a related article."""
        if decision in _OUT:
            return
        self.counted += 1
        if quality is None or self.quality is None or self.decision in _OUT:
            return
        if is_pinned != self.is_pinned:
            self.is_superseded |= is_pinned
        elif quality > self.quality:
            self.is_superseded = True
        elif quality == self.quality:
            self.has_equal = True

    def outcome(self, policy: Policy) -> tuple[int | None, bool]:
        """Return heat and published as ``score`` would, unless ``is_tied``."""
        return outcome(self.quality, self.decision, self.is_superseded, self.counted, policy)


def top_rank(heat: int | None, published_at: datetime, half_life: float = HALF_LIFE) -> float:
    """Return the rank on the front page: higher is nearer the top.

    Doubling the heat offsets one half-life of age, so that the order changes with time without
    writing any rows. ``half_life`` is in seconds.
    """
    return log2(max(heat or 0, 1)) + published_at.timestamp() / half_life

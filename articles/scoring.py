"""The rule: quality to heat to published. Pure functions; policy and decisions are arguments.

The rule was recovered from 130 scored documents of the hub that invented the format. It explains 127
of them; the heat of the other three differs by 1 or 2. In short:

1. An article outranks another by quality; then by being published earlier, then by slug. A pinned
   article outranks all that are not pinned. An unscored article outranks none.
2. An article that any of its own related outranks is superseded: heat -1.
3. Otherwise heat is its quality, plus a bonus for each related article once quality reaches the
   minimum.
4. Heat at or over the threshold publishes.
5. An editor's decision to publish or hold overrides the rule. Articles that readers cannot see,
   because of a decision or of their time (held, withdrawn, scheduled, dated in the future, expired),
   neither lead nor supersede nor count for the bonus.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import log2
from typing import Final, NamedTuple

SUPERSEDED_HEAT: Final = -1
HALF_LIFE: Final = 24 * 3600.0
"""Seconds in which an article loses half of its heat for the order of the front page."""
GRACE: Final = timedelta(minutes=15)
"""How far a provider's clock may be ahead of ours. Articles dated later wait for their date."""
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC) + GRACE


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


_OUT: Final = {Decision.HOLD: "held", Decision.WITHDRAW: "withdrawn"}


def in_force(decision: Decision, until: datetime | None, at: datetime) -> Decision:
    """Return the decision that applies at ``at``: none if it has ended."""
    return Decision.NONE if until is not None and until <= at else decision


class Absence(NamedTuple):
    """Why readers cannot see an article: held, withdrawn, scheduled or expired.

    ``until`` is when that ends, or None if no time is set.
    """

    why: str
    until: datetime | None = None

    def __str__(self) -> str:
        until = f" until {self.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if self.until else ""
        return self.why + until


def absence_in_time(
    published_at: datetime,
    publish_from: datetime | None,
    publish_until: datetime | None,
    at: datetime,
) -> Absence | None:
    """Return why its time hides an article at ``at``, or None if it does not.

    ``ArticleQuerySet.published`` has the same conditions in SQL.
    """
    if publish_until is not None and publish_until <= at:
        return Absence("expired")
    if published_at > at + GRACE or (publish_from is not None and publish_from > at):
        return Absence("scheduled", opens_at(published_at, publish_from))
    return None


def opens_at(published_at: datetime, publish_from: datetime | None) -> datetime:
    """Return from when the schedule and date of an article let readers see it."""
    dated = published_at - GRACE if published_at > _EARLIEST else published_at
    return dated if publish_from is None else max(dated, publish_from)


@dataclass(frozen=True, slots=True)
class Policy:
    """The three numbers of the rule, in heat points; the defaults are the hub's."""

    threshold: int = 70
    bonus: int = 10
    minimum: int = 50


DEFAULT_POLICY: Final = Policy()


@dataclass(frozen=True, slots=True)
class Contender:
    """The facts about an article that the rule needs; ``name`` (its provider) is for receipts.

    ``decision`` is the one in force, which ends at ``decision_until``. ``at`` is the moment of the
    comparison; without it only the decision can hide the article, not its time.
    """

    slug: str
    published_at: datetime
    quality: int | None = None
    decision: Decision = Decision.NONE
    is_pinned: bool = False
    name: str = ""
    decision_until: datetime | None = None
    publish_from: datetime | None = None
    publish_until: datetime | None = None
    at: datetime | None = None

    @property
    def absence(self) -> Absence | None:
        """Why its decision or its time hides this from readers, or None."""
        if why := _OUT.get(self.decision):
            return Absence(why, self.decision_until)
        if self.at is None:
            return None
        return absence_in_time(self.published_at, self.publish_from, self.publish_until, self.at)

    def outranks(self, other: Contender) -> bool:
        """Whether this comes before ``other`` in a story."""
        return self.quality is not None and self.absence is None and self.rank < other.rank

    def supersedes(self, other: Contender) -> bool:
        """Whether this hides ``other`` behind it: it outranks ``other``, and would do so even if
        readers could see ``other``.
        """
        return (
            self.quality is not None
            and self.absence is None
            and other.quality is not None
            and not other.decision.is_out
            and self._merit < other._merit
        )

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
        """The sort key of stories: best first, then unscored ones, then those out of sight.

        ``ArticleQuerySet.by_rank`` is the same order in SQL, for articles that readers can see.
        """
        return (self.absence is not None, *self._merit)

    @property
    def _merit(self) -> tuple[bool, bool, int, datetime, str]:
        by_quality = (self.quality is None, not self.is_pinned, -(self.quality or 0))
        return (*by_quality, self.published_at, self.slug)

    def __str__(self) -> str:
        score = "not scored" if self.quality is None else str(self.quality)
        return f"{self.name or self.slug} ({score})"


@dataclass(frozen=True, slots=True)
class Receipt:
    """How an article got its heat, in numbers and, by ``str()``, in words.

    ``counted`` are the related articles that earn the bonus, ``superseded_by`` those that outrank
    the article; both best first, unscored ones last. ``left_out`` are out of sight.
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
            why = ", ".join(f"{other}: {other.absence}" for other in self.left_out)
            words.append(f"does not count {why}")
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
    counted = tuple(other for other in by_rank if other.absence is None)
    left_out = tuple(other for other in by_rank if other.absence is not None)
    superseded_by = tuple(other for other in counted if other.supersedes(article))
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

    def add(self, quality: int | None, is_pinned: bool) -> None:
        """Add a related article that is in sight (``Contender.absence`` is None)."""
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

"""The scoring rule: its results and explanations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from articles.scoring import (
    GRACE,
    HALF_LIFE,
    Contender,
    Decision,
    Policy,
    Tally,
    absence_in_time,
    opens_at,
    score,
    top_rank,
)

NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
OUT = {Decision.HOLD, Decision.WITHDRAW}
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def contender(name: str = "Post", quality: int | None = 57, **overrides: object) -> Contender:
    """Make an article "a", published at noon."""
    return replace(Contender("a", NOON, quality, name=name), **overrides)  # type: ignore[arg-type]


CONTENDERS = st.builds(
    Contender,
    slug=st.sampled_from("abcdef"),
    published_at=st.sampled_from([NOON, NOON - TICK, NOON + GRACE, NOON + GRACE + TICK]),
    quality=st.none() | st.sampled_from([0, 39, 49, 50, 51, 69, 70]),
    decision=st.sampled_from(Decision),
    is_pinned=st.booleans(),
    publish_from=st.sampled_from([None, None, NOON, NOON + TICK]),
    publish_until=st.sampled_from([None, None, NOON + TICK, NOON]),
    at=st.just(NOON),
)
POLICIES = st.builds(Policy, st.integers(0, 100), st.integers(0, 20), st.integers(0, 100))


def is_seen(one: Contender) -> bool:
    """Rule 5, in other words than the code's."""
    return (
        one.decision not in OUT
        and not one.published_at > NOON + timedelta(minutes=15)
        and (one.publish_from or NOON) <= NOON < (one.publish_until or NOON + TICK)
    )


def beats(one: Contender, other: Contender) -> bool:
    """Rules 1 and 5, independently of the code's sort key."""
    if one.quality is None or not is_seen(one):
        return False
    return other.quality is None or not is_seen(other) or is_better(one, other)


def is_better(one: Contender, other: Contender) -> bool:
    assert one.quality is not None
    assert other.quality is not None
    if one.is_pinned != other.is_pinned:
        return one.is_pinned
    if one.quality != other.quality:
        return one.quality > other.quality
    if one.published_at != other.published_at:
        return one.published_at < other.published_at
    return one.slug < other.slug


class TestTheRule:
    @given(article=CONTENDERS, related=st.lists(CONTENDERS, max_size=5), policy=POLICIES)
    def test_is_that_of_the_design(
        self, article: Contender, related: list[Contender], policy: Policy
    ) -> None:
        receipt = score(article, related, policy)
        there = [other for other in related if is_seen(other)]
        superseded = (
            article.quality is not None
            and article.decision not in OUT
            and any(one.quality is not None and is_better(one, article) for one in there)
        )
        heat: int | None
        if article.quality is None:
            heat = None
        elif superseded:
            heat = -1
        else:
            bonus = policy.bonus * len(there) if article.quality >= policy.minimum else 0
            heat = article.quality + bonus
        published = heat is not None and heat >= policy.threshold
        if article.decision is Decision.PUBLISH:
            published = True
        if article.decision in OUT:
            published = False
        assert (receipt.heat, receipt.published) == (heat, published)
        assert str(receipt)

    @given(one=CONTENDERS, other=CONTENDERS)
    def test_of_two_articles_at_most_one_outranks_the_other(
        self, one: Contender, other: Contender
    ) -> None:
        assert one.outranks(other) == beats(one, other)
        assert not (one.outranks(other) and other.outranks(one))

    @given(article=CONTENDERS, related=st.permutations([contender(quality=q) for q in (40, 57, 9)]))
    def test_order_of_related_makes_no_difference(
        self, article: Contender, related: list[Contender]
    ) -> None:
        assert score(article, related).heat == score(article, sorted(related, key=str)).heat

    @given(article=CONTENDERS, related=st.lists(CONTENDERS, max_size=5), policy=POLICIES)
    def test_is_the_same_by_numbers_alone(
        self, article: Contender, related: list[Contender], policy: Policy
    ) -> None:
        receipt = score(article, related, policy)
        tally = Tally(article.quality, article.decision, article.is_pinned)
        for other in filter(is_seen, related):
            tally.add(other.quality, other.is_pinned)
        assert tally.counted == len(receipt.counted)
        if tally.is_tied:
            assert any(other.quality == article.quality for other in receipt.counted)
        else:
            assert tally.outcome(policy) == (receipt.heat, receipt.published)

    @pytest.mark.parametrize(
        ("quality", "related", "heat", "published"),
        [
            (49, 3, 49, False),
            (50, 1, 60, False),
            (50, 2, 70, True),
            (69, 0, 69, False),
            (70, 0, 70, True),
        ],
    )
    def test_at_its_edges(self, quality: int, related: int, heat: int, published: bool) -> None:
        receipt = score(contender(quality=quality), [contender(quality=None)] * related)
        assert (receipt.heat, receipt.published) == (heat, published)

    def test_of_equals_the_earlier_leads_then_the_first_by_slug(self) -> None:
        article = contender(quality=80)
        earlier = contender(quality=80, slug="z", published_at=NOON - timedelta(seconds=1))
        assert score(article, [earlier]).heat == -1
        assert score(article, [contender(quality=80, slug="b")]).heat == 90


class TestTheReceipt:
    def test_says_how_a_lead_came_to_its_heat(self) -> None:
        article = contender("New York Post", 57)
        related = [contender("The Star", 39), contender("City A.M.", 53)]
        assert str(score(article, related)) == (
            "quality 57 + 2 related × 10 = 77 ≥ 70: published; "  # noqa: RUF001
            "leads City A.M. (53), The Star (39)"
        )

    @pytest.mark.parametrize(
        ("article", "related", "words"),
        [
            (contender(quality=None), [], "not scored yet: no heat, waits for a quality"),
            (contender(quality=57), [], "quality 57 < 70: not published"),
            (contender(quality=71), [], "quality 71 ≥ 70: published"),
            (
                contender(quality=49),
                [contender(quality=None)],
                "quality 49 (under 50, no bonus for 1 related) < 70: not published",
            ),
            (
                contender(quality=53),
                [contender("Star", 57)],
                "quality 53: superseded by Star (57), better by 4: heat -1",
            ),
            (
                contender(quality=57),
                [contender("Star", 57, published_at=NOON - timedelta(hours=1))],
                "quality 57: superseded by Star (57), equally good and published earlier: heat -1",
            ),
            (
                contender(quality=57, slug="b"),
                [contender("Star", 57)],
                (
                    "quality 57: superseded by Star (57), "
                    "equally good and published at the same time, first by slug: heat -1"
                ),
            ),
            (
                contender(quality=57),
                [contender("Star", 20, is_pinned=True)],
                "quality 57: superseded by Star (20), pinned as the lead: heat -1",
            ),
            (
                contender(quality=80, decision=Decision.HOLD),
                [],
                "quality 80 ≥ 70; held by an editor's decision",
            ),
            (
                contender(quality=80, decision=Decision.WITHDRAW),
                [],
                "quality 80 ≥ 70; withdrawn by an editor's decision",
            ),
            (
                contender(quality=40, decision=Decision.PUBLISH),
                [],
                "quality 40 < 70; published by an editor's decision",
            ),
            (
                contender(quality=71),
                [contender("Star", 90, decision=Decision.HOLD)],
                "quality 71 ≥ 70: published; does not count Star (90): held",
            ),
            (
                contender(quality=71),
                [
                    contender("Star", 90, decision=Decision.HOLD, decision_until=NOON + HOUR),
                    contender("Sun", 80, publish_from=NOON + HOUR, at=NOON),
                    contender("Times", 70, published_at=NOON + HOUR, at=NOON),
                    contender("Post", 60, publish_until=NOON, at=NOON),
                ],
                (
                    "quality 71 ≥ 70: published; does not count "
                    "Star (90): held until 2024-05-01 13:00 UTC, "
                    "Sun (80): scheduled until 2024-05-01 13:00 UTC, "
                    "Times (70): scheduled until 2024-05-01 12:45 UTC, "
                    "Post (60): expired"
                ),
            ),
            (
                contender(quality=60),
                [contender("Star", None)],
                "quality 60 + 1 related × 10 = 70 ≥ 70: published; leads Star (not scored)",  # noqa: RUF001
            ),
        ],
    )
    def test_has_words_for_every_branch(
        self, article: Contender, related: list[Contender], words: str
    ) -> None:
        assert str(score(article, related)) == words

    @given(article=CONTENDERS, related=st.lists(CONTENDERS, max_size=5), policy=POLICIES)
    def test_adds_up(self, article: Contender, related: list[Contender], policy: Policy) -> None:
        receipt = score(article, related, policy)
        assert len(receipt.counted) + len(receipt.left_out) == len(related)
        assert set(receipt.superseded_by) <= set(receipt.counted)
        if receipt.heat is not None and not receipt.superseded_by:
            assert article.quality is not None
            assert receipt.heat == article.quality + receipt.bonus


class TestAbsence:
    def test_the_later_of_date_and_schedule_counts(self) -> None:
        assert opens_at(NOON, NOON - HOUR) == NOON - GRACE
        assert opens_at(NOON, NOON + HOUR) == NOON + HOUR
        absence = absence_in_time(NOON + HOUR, NOON + 2 * HOUR, None, NOON)
        assert absence == ("scheduled", NOON + 2 * HOUR)

    def test_expired_articles_never_come_back(self) -> None:
        assert absence_in_time(NOON + HOUR, None, NOON, NOON) == ("expired", None)

    def test_of_the_first_and_last_years(self) -> None:
        first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        assert absence_in_time(first, None, None, NOON) is None
        assert opens_at(first, None) == first
        assert absence_in_time(last, None, None, NOON) == ("scheduled", last - GRACE)

    def test_of_a_superseded_one_changes_nothing_for_itself(self) -> None:
        later = contender(quality=40, publish_from=NOON + HOUR, at=NOON)
        assert score(later, [contender("Star", 57)]).heat == -1


class TestTopRank:
    def test_double_heat_equals_one_half_life(self) -> None:
        younger = NOON + timedelta(seconds=HALF_LIFE)
        assert top_rank(80, NOON) == pytest.approx(top_rank(40, younger))
        assert top_rank(81, NOON) > top_rank(40, younger)

    def test_without_heat_counts_as_one_point(self) -> None:
        assert top_rank(None, NOON) == top_rank(-1, NOON) == top_rank(1, NOON)

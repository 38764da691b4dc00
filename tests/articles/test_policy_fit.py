"""Fitting a policy to given scores."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from articles.policy_fit import Fitted, Given, best_policies, explained
from articles.scoring import DEFAULT_POLICY, Decision, Policy, outcome


def by(policy: Policy, quality: int, counted: int = 0, *, superseded: bool = False) -> Given:
    """Return the score that a policy gives."""
    heat, published = outcome(quality, Decision.NONE, superseded, counted, policy)
    assert heat is not None
    return Given(quality, heat, published, superseded, counted)


def scores_of(policy: Policy) -> list[Given]:
    scores = [by(policy, quality, counted) for quality in range(0, 130, 3) for counted in range(4)]
    return [*scores, by(policy, 60, 2, superseded=True)]


class TestBestPolicies:
    def test_finds_the_numbers_of_a_hub(self) -> None:
        for hub in (Policy(70, 10, 50), Policy(100, 10, 50), Policy(70, 20, 50), Policy(64, 7, 33)):
            scores = scores_of(hub)
            best = best_policies(Counter(scores), DEFAULT_POLICY)[0]
            assert best.explained == len(scores)
            assert explained(Counter(scores), best.policy) == len(scores)
            assert best.policy.bonus == hub.bonus

    def test_prefers_the_current_policy_among_equally_good_ones(self) -> None:
        scores = [by(DEFAULT_POLICY, 90), by(DEFAULT_POLICY, 10)]
        for current in (DEFAULT_POLICY, Policy(64, 7, 33)):
            assert best_policies(Counter(scores), current)[0] == Fitted(current, 2)

    def test_prefers_round_numbers_to_others(self) -> None:
        # Any threshold from 81 to 117 explains these scores, and no other number matters.
        scores = [Given(117, 117, True, False, 0), Given(80, 80, False, False, 0)]
        assert best_policies(Counter(scores), DEFAULT_POLICY)[0].policy == Policy(100, 10, 50)

    def test_takes_the_nearer_one_of_equally_round_numbers(self) -> None:
        # Possible thresholds are 75 to 93, and both 80 and 90 are multiples of 10.
        scores = [Given(93, 93, True, False, 0), Given(74, 74, False, False, 0)]
        assert best_policies(Counter(scores), DEFAULT_POLICY)[0].policy.threshold == 80

    def test_numbers_may_be_at_their_limits(self) -> None:
        scores = [Given(1000, 1000, False, False, 0), Given(0, 0, False, False, 0)]
        # Heat can exceed 1,000, but a threshold cannot.
        assert best_policies(Counter(scores), DEFAULT_POLICY)[0].explained == 1
        assert (
            best_policies(Counter([Given(0, 0, True, False, 0)]), DEFAULT_POLICY)[
                0
            ].policy.threshold
            == 0
        )

    @given(
        st.lists(
            st.builds(
                Given,
                st.integers(0, 20),
                st.integers(-1, 60),
                st.booleans(),
                st.booleans(),
                st.integers(0, 3),
            ),
            min_size=1,
            max_size=12,
        )
    )
    def test_nothing_explains_more_than_the_best(self, scores: list[Given]) -> None:
        best = best_policies(Counter(scores), DEFAULT_POLICY)
        assert [one.explained for one in best] == [
            explained(Counter(scores), one.policy) for one in best
        ]
        tried = (
            Policy(threshold, best[0].policy.bonus, minimum)
            for threshold in range(62)
            for minimum in range(22)
        )
        assert best[0].explained >= max(explained(Counter(scores), policy) for policy in tried)

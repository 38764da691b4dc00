"""Ridge regression with records of groups, on data whose answer is known."""

from __future__ import annotations

import pytest

from articles.suggestions import linear
from articles.suggestions.linear import Example


def examples(count: int = 20) -> list[Example]:
    """Return scores of two papers: 60 and 20 without a picture, 10 more with one.

    The better paper has a picture more often.
    """
    return [
        Example(group, {"picture": 1.0} if has_picture else {}, base + 10 * has_picture)
        for group, base, often in (("good", 60, 4), ("bad", 20, 1))
        for number in range(count)
        if (has_picture := number % 5 < often) in {True, False}
    ]


class TestLearn:
    def test_weights_and_records(self) -> None:
        model = linear.learn(examples(), ["picture"], drawn=1e-9, penalty=1e-9)
        assert model.weights["picture"] == pytest.approx(10)
        assert model.records["good"].value == pytest.approx(68)
        assert model.records["good"].facts["picture"] == pytest.approx(0.8)
        assert model.value("good", {"picture": 1.0}) == pytest.approx(70)
        assert model.value("good", {}) == pytest.approx(60)
        assert model.value("bad", {"picture": 1.0}) == pytest.approx(30)

    def test_penalty_draws_weights_toward_nothing(self) -> None:
        weights = [
            linear.learn(examples(), ["picture"], drawn=1e-9, penalty=penalty).weights["picture"]
            for penalty in (0.1, 3, 1000)
        ]
        assert 10 >= weights[0] > weights[1] > weights[2] > 0
        assert weights[2] < 1

    def test_few_values_are_drawn_toward_the_usual_group(self) -> None:
        groups = {"a": [40] * 50, "b": [60] * 50, "one": [90], "many": [90] * 50}
        rows = [Example(group, {}, value) for group, some in groups.items() for value in some]
        model = linear.learn(rows, [], drawn=1.0)
        assert model.usual.value < model.value("one", {}) < model.value("many", {}) < 90
        assert model.value("many", {}) == pytest.approx(90, abs=1)

    def test_an_unknown_group_is_like_a_group_not_like_the_largest_one(self) -> None:
        rows = [Example("large", {}, 130)] * 900
        rows += [Example(f"small {number}", {}, 30) for number in range(50)] * 2
        model = linear.learn(rows, [])
        assert model.value("new", {}) == pytest.approx(32, abs=1)
        assert linear.means(rows).value("new", {}) == pytest.approx(120)

    def test_facts_without_a_name_are_ignored(self) -> None:
        model = linear.learn(examples(), [])
        assert model.weights == {}
        assert model.value("good", {"picture": 1.0}) == model.records["good"].value

    def test_nothing_to_learn(self) -> None:
        assert linear.learn([], ["picture"]).value("good", {"picture": 1.0}) == 0
        assert linear.means([]).value("good", {}) == 0


def test_errors_are_of_values_in_range() -> None:
    model = linear.means([Example("good", {}, 60)])
    later = [Example("good", {}, 50), Example("good", {}, 70)]
    assert model.error(later, 0, 100) == 10
    assert model.error(later, 0, 55) == 10
    assert model.error(later[:1], 0, 55) == 5


def test_equations_are_solved() -> None:
    assert linear.solve([[4, 2, 0], [2, 5, 1], [0, 1, 3]], [8, 15, 11]) == pytest.approx([1, 2, 3])

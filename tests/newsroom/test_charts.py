"""Charts draw every number at the right place on its scale."""

from __future__ import annotations

from itertools import pairwise

import pytest

from newsroom.charts import BOTTOM, LEFT, RIGHT, TOP, WIDTH, Amount, bar_chart, ceiling, heat_chart


class TestBarChart:
    def test_heights_are_in_proportion(self) -> None:
        chart = bar_chart([Amount("a", 5), Amount("b", 10), Amount("c", 0)])
        heights = [bar.height for bar in chart.bars]
        assert heights == [(BOTTOM - TOP) / 2, BOTTOM - TOP, 0]
        assert all(bar.y + bar.height == BOTTOM for bar in chart.bars)

    def test_bars_stand_side_by_side_inside_the_drawing(self) -> None:
        chart = bar_chart([Amount(str(number), 1) for number in range(30)])
        places = [(bar.x, bar.x + bar.width) for bar in chart.bars]
        assert places[0][0] >= LEFT
        assert places[-1][1] <= WIDTH - RIGHT
        assert all(end < begin for (_, end), (begin, _) in pairwise(places))

    def test_scale_from_nothing_to_the_top(self) -> None:
        chart = bar_chart([Amount("a", 1_100)])
        assert [(line.at, line.label) for line in chart.scale] == [
            (BOTTOM, "0"),
            ((BOTTOM + TOP) / 2, "1,000"),
            (TOP, "2,000"),
        ]

    def test_marks_are_named_in_bars(self) -> None:
        chart = bar_chart([Amount("a", 1), Amount("b", 1)], [(0.5, "middle"), (2, "end")])
        middle, end = chart.marks
        assert middle.at == pytest.approx(chart.bars[0].middle, abs=0.02)
        assert end.at == WIDTH - RIGHT

    def test_sums(self) -> None:
        chart = bar_chart([Amount("a", 1), Amount("b", 2)])
        assert chart.total == 3
        assert chart.highest == Amount("b", 2)

    @pytest.mark.parametrize("amounts", [[], [Amount("a", 0)]])
    def test_empty(self, amounts: list[Amount]) -> None:
        chart = bar_chart(amounts)
        assert chart.total == 0
        assert [line.label for line in chart.scale] == ["0", "1"]
        assert all(bar.height == 0 for bar in chart.bars)


class TestCeiling:
    @pytest.mark.parametrize(
        ("count", "top"),
        [
            *[(0, 1), (1, 1), (2, 2), (3, 4), (5, 6), (7, 8), (9, 10), (10, 10), (11, 20)],
            *[(58, 60), (99, 100), (100, 100), (101, 200), (999_999, 1_000_000)],
        ],
    )
    def test_top_is_round_and_not_below_the_value(self, count: int, top: int) -> None:
        assert ceiling(count) == top


class TestHeatChart:
    def test_bins(self) -> None:
        chart = heat_chart({None: 1, -1: 2, 0: 3, 9: 4, 10: 5, 149: 6, 150: 7, 400: 8}, 70)
        counts = {amount.label: amount.count for amount in chart.amounts if amount.count}
        assert counts == {
            "not scored": 1,
            "superseded": 2,
            "0 to 9": 7,
            "10 to 19": 5,
            "140 to 149": 6,
            "150+": 15,
        }
        assert chart.total == 36

    def test_kinds_show_bars_below_the_threshold(self) -> None:
        kinds = {amount.label: amount.kind for amount in heat_chart({}, 70).amounts}
        assert kinds["not scored"] == "unscored"
        assert kinds["superseded"] == "superseded"
        assert kinds["60 to 69"] == "below"
        assert kinds["70 to 79"] == "over"
        assert {kind for kind, _ in heat_chart({}, 70).kinds} == set(kinds.values())

    def test_threshold_is_drawn_between_the_bars_it_divides(self) -> None:
        chart = heat_chart({70: 1}, 70)
        below, over = chart.bars[8:10]
        assert (below.amount.label, over.amount.label) == ("60 to 69", "70 to 79")
        (mark,) = chart.marks
        assert mark.label == "threshold 70"
        assert below.x + below.width < mark.at < over.x

    def test_threshold_inside_a_bar(self) -> None:
        chart = heat_chart({70: 1}, 75)
        assert chart.marks[0].at == pytest.approx(chart.bars[9].middle, abs=0.02)
        assert chart.bars[9].amount.kind == "over"

    @pytest.mark.parametrize("threshold", [-5, 0, 160, 1_000])
    def test_threshold_stays_inside_the_drawing(self, threshold: int) -> None:
        assert LEFT <= heat_chart({}, threshold).marks[0].at <= WIDTH - RIGHT

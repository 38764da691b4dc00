"""The order in which pages show what they have loaded; no database is asked."""

from __future__ import annotations

import pytest

from articles.models import Article
from articles.site.arranging import LAST_STEPS, OTHERS, STEPS, by_letter, steps


def course_of(size: int) -> list[Article]:
    """Return unsaved reports, numbered from 0."""
    return [Article(pk=number) for number in range(size)]


def shown(size: int, lead: int) -> tuple[list[int], dict[int, int]]:
    """Return the numbers of the shown steps, and what is skipped before which."""
    course = course_of(size)
    found = steps(course[lead], course)
    assert [step.report.pk for step in found if step.is_lead] == [lead]
    skipped = {step.report.pk: step.skipped for step in found if step.skipped}
    assert len(found) + sum(skipped.values()) == size
    return [step.report.pk for step in found], skipped


class TestSteps:
    @pytest.mark.parametrize("size", [1, 3, STEPS])
    def test_a_short_course_is_whole(self, size: int) -> None:
        assert shown(size, 0) == (list(range(size)), {})

    def test_of_a_long_course_the_begin_the_lead_and_the_end(self) -> None:
        last = list(range(100 - LAST_STEPS, 100))

        assert shown(100, 40) == ([0, 40, *last], {40: 39, last[0]: last[0] - 41})

    @pytest.mark.parametrize("lead", [0, 99])
    def test_the_lead_among_those_shown_anyway(self, lead: int) -> None:
        last = list(range(100 - LAST_STEPS, 100))

        assert shown(100, lead) == ([0, *last], {last[0]: last[0] - 1})

    def test_nothing_is_skipped_between_neighbors(self) -> None:
        assert shown(STEPS + 1, 1)[0][:2] == [0, 1]


class TestByLetter:
    def test_whatever_the_case_and_accents(self) -> None:
        names = ["Zebra", "eBay", "Édition", "Echo", "zoo"]

        assert by_letter(names, str) == [
            ("E", ["eBay", "Echo", "Édition"]),
            ("Z", ["Zebra", "zoo"]),
        ]

    def test_what_begins_with_no_letter_comes_last(self) -> None:
        assert by_letter(["20 Minuten", "", "🚀", "A"], str) == [
            ("A", ["A"]),
            (OTHERS, ["", "20 Minuten", "🚀"]),
        ]

    def test_every_script(self) -> None:
        assert [letter for letter, _ in by_letter(["日本", "Ωmega", "b"], str)] == ["B", "Ω", "日"]

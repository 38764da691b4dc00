"""The timeline of a story; no database."""

from __future__ import annotations

import pytest

from articles.models import Article
from articles.site.story_course import LAST_STEPS, MAX_STEPS, steps


def shown(size: int, lead: int) -> tuple[list[int], dict[int, int]]:
    """Return the numbers of the shown reports, and how many are skipped before each."""
    course = [Article(pk=number) for number in range(size)]
    found = steps(course[lead], course)
    assert [step.report.pk for step in found if step.is_lead] == [lead]
    skipped = {step.report.pk: step.skipped for step in found if step.skipped}
    assert len(found) + sum(skipped.values()) == size
    return [step.report.pk for step in found], skipped


class TestSteps:
    @pytest.mark.parametrize("size", [1, 3, MAX_STEPS])
    def test_a_short_timeline_is_complete(self, size: int) -> None:
        assert shown(size, 0) == (list(range(size)), {})

    def test_a_long_timeline_shows_the_first_the_lead_and_the_last(self) -> None:
        last = list(range(100 - LAST_STEPS, 100))

        assert shown(100, 40) == ([0, 40, *last], {40: 39, last[0]: last[0] - 41})

    @pytest.mark.parametrize("lead", [0, 99])
    def test_the_lead_is_first_or_last(self, lead: int) -> None:
        last = list(range(100 - LAST_STEPS, 100))

        assert shown(100, lead) == ([0, *last], {last[0]: last[0] - 1})

    def test_nothing_is_skipped_between_neighbors(self) -> None:
        assert shown(MAX_STEPS + 1, 1)[0][:2] == [0, 1]

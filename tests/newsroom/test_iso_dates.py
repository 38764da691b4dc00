"""Days and times as people and programs write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.iso_dates import iso, parse


class TestParse:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
            ("2026-03-01T12:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
            ("2026-03-01 12:00:30Z", datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)),
            ("2026-03-01t12:00:30z", datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)),
            ("2026-03-01T12:00+05:45", datetime(2026, 3, 1, 6, 15, tzinfo=UTC)),
            ("2026-03-01T12:00-0230", datetime(2026, 3, 1, 14, 30, tzinfo=UTC)),
            ("2026-03-01T00:30+01", datetime(2026, 2, 28, 23, 30, tzinfo=UTC)),
            ("2026-03-01T12:00:00.5Z", datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)),
            ("2026-03-01T12:00:00,123456789Z", datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)),
            ("0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
            ("9999-12-31T23:59:59.999999", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ],
    )
    def test_takes(self, text: str, moment: datetime) -> None:
        assert parse(text) == moment
        assert parse(text).tzinfo is UTC

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "expected a day like"),
            ("yesterday", "expected a day like"),
            ("10000-01-01", "expected a day like"),
            ("2026-3-1", "expected a day like"),
            ("2026-03-01T12:00 PM", "expected a day like"),
            ("2026-03-01T\u0661\u0662:00", "expected a day like"),
            ("2026-02-30", "there is no such day or time"),
            ("0000-01-01", "there is no such day or time"),
            ("2026-03-01T24:00Z", "there is no such day or time"),
            ("2026-03-01T23:59:60Z", "there is no such day or time"),
            ("2026-03-01T12:00+24:00", "an offset goes from -23:59"),
            ("2026-03-01T12:00+05:60", "an offset goes from -23:59"),
            ("0001-01-01T00:00+05:45", "expected a year 1 to 9999"),
            ("9999-12-31T23:00-05:00", "expected a year 1 to 9999"),
        ],
    )
    def test_refuses_in_words(self, text: str, words: str) -> None:
        with pytest.raises(ValueError, match=words):
            parse(text)

    @given(
        st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31)),  # noqa: DTZ001
        st.integers(-1439, 1439),
    )
    def test_takes_what_python_writes(self, moment: datetime, minutes: int) -> None:
        aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
        assert parse(aware.isoformat()) == aware
        assert parse(iso(aware)) == aware

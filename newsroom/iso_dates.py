"""Moments as ISO 8601 in UTC, for documents, the API, sitemaps and cursors. Pure: no Django."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
"""Times that are stored are in these years: anything else is a mistake, and near year 1 or 9999 a time
has no equivalent in other time zones."""

_MOMENT: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?"
    r"(?:[Zz]|([-+])(\d\d)(?::?(\d\d))?)?)?\Z",
    re.ASCII,
)


def is_storable(moment: datetime) -> bool:
    return FIRST_YEAR <= moment.year <= LAST_YEAR


def iso(moment: datetime, timespec: str = "auto") -> str:
    """Return an aware moment as 2026-03-01T12:00:00Z; with a fraction only if it has one."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=timespec)}Z"


def parse(text: str) -> datetime:
    """Return a day or time in UTC; without an offset it is in UTC, a day is its beginning.

    Digits after the sixth of a fraction are dropped. Raise ValueError with a message for people.
    """
    match = _MOMENT.match(text)
    if match is None:
        raise ValueError(f"expected a day like 2026-03-01 or a time like 2026-03-01T12:00Z: {text}")
    *whole, fraction, sign, hours, minutes = match.groups()
    if hours and not (int(hours) <= 23 and int(minutes or 0) <= 59):
        raise ValueError(f"impossible time {text}: an offset goes from -23:59 to +23:59")
    year, month, day, hour, minute, second = (int(number or 0) for number in whole)
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        microsecond = int((fraction or "0")[:6].ljust(6, "0"))
        moment = datetime(year, month, day, hour, minute, second, microsecond, UTC)
        return moment + offset if sign == "-" else moment - offset
    except ValueError as error:
        raise ValueError(f"impossible time {text}: there is no such day or time") from error
    except OverflowError as error:
        raise ValueError(f"impossible time {text}: expected a year 1 to 9999, in UTC") from error

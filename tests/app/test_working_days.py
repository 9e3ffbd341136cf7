"""Working days of New Caledonia: Easter by the tables, the territory's own holiday, and spans over both."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from app import working_days

# From the tables of the Bureau des longitudes, the earliest and the latest possible dates among them.
EASTERS = {
    1818: date(1818, 3, 22),
    1954: date(1954, 4, 18),
    1981: date(1981, 4, 19),
    2000: date(2000, 4, 23),
    2024: date(2024, 3, 31),
    2025: date(2025, 4, 20),
    2026: date(2026, 4, 5),
    2038: date(2038, 4, 25),
}


@pytest.mark.parametrize("year", EASTERS)
def test_easter(year: int) -> None:
    assert working_days.easter(year) == EASTERS[year]


def test_the_twelve_holidays_of_a_year() -> None:
    days = working_days.holidays(2026)
    assert len(days) == 12
    assert {date(2026, 9, 24), date(2026, 4, 6), date(2026, 5, 14), date(2026, 5, 25)} <= days
    # 26 December and Good Friday are worked, unlike in Alsace.
    assert working_days.is_working_day(date(2026, 4, 3))
    assert not working_days.is_working_day(date(2026, 9, 24))
    assert not working_days.is_working_day(date(2026, 11, 28)), "a Saturday"


@pytest.mark.parametrize(
    ("since", "last"),
    [
        # Monday to the next Monday: five working days follow.
        (datetime(2026, 11, 23, 3, tzinfo=UTC), date(2026, 11, 30)),
        # Over the day of citizenship, a Thursday.
        (datetime(2026, 9, 21, 3, tzinfo=UTC), date(2026, 9, 29)),
        # Saturday evening in Paris is Sunday in Nouméa.
        (datetime(2026, 11, 28, 20, tzinfo=UTC), date(2026, 12, 4)),
        # Over Christmas and the new year.
        (datetime(2026, 12, 23, 3, tzinfo=UTC), date(2026, 12, 31)),
    ],
)
def test_five_days_end_then(since: datetime, last: date) -> None:
    assert working_days.last_day(since, 5) == last


@given(st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1)), st.integers(1, 30))
def test_exactly_so_many_working_days_lie_between(since: datetime, count: int) -> None:
    since = since.replace(tzinfo=UTC)
    last = working_days.last_day(since, count)
    first = working_days.start_of(date(2000, 1, 1)).tzinfo
    day, found = since.astimezone(first).date(), 0
    while day < last:
        day += timedelta(days=1)
        found += working_days.is_working_day(day)
    assert found == count and working_days.is_working_day(last)

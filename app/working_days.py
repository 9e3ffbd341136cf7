"""Working days of New Caledonia: what a deadline counts in.

Public holidays are those of the Code du travail de Nouvelle-Calédonie (art. Lp. 232-1): the eleven that France has
as well, and 24 September, the day of citizenship. Saturdays do not count: offices are closed.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache

from app import clock

# Month and day of those that do not move.
FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (9, 24), (11, 1), (11, 11), (12, 25))
# Days after Easter Sunday: Easter Monday, Ascension, Whit Monday.
AFTER_EASTER = (1, 39, 50)
SATURDAY = 5


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm, in Meeus, Astronomical Algorithms, ch. 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def holidays(year: int) -> frozenset[date]:
    """The public holidays of a year."""
    sunday = easter(year)
    moving = (sunday + timedelta(days=days) for days in AFTER_EASTER)
    return frozenset((*(date(year, month, day) for month, day in FIXED), *moving))


def is_working_day(day: date) -> bool:
    return day.weekday() < SATURDAY and day not in holidays(day.year)


def last_day(since: datetime, working_days: int) -> date:
    """The last of so many working days that follow the day of `since` in Nouméa."""
    day = clock.local(since).date()
    for _ in range(working_days):
        day += timedelta(days=1)
        while not is_working_day(day):
            day += timedelta(days=1)
    return day


def start_of(day: date, at: time = time()) -> datetime:
    """That moment of a day in Nouméa."""
    return datetime.combine(day, at, clock.NOUMEA)

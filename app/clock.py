"""The one clock. Instants are aware datetimes in UTC; screens show the territory's time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

NOUMEA = ZoneInfo("Pacific/Noumea")
_shift = timedelta(0)


def now() -> datetime:
    return datetime.now(UTC) + _shift


def local(instant: datetime) -> datetime:
    """The same instant on a clock in Nouméa (UTC+11, no summer time)."""
    return instant.astimezone(NOUMEA)


@contextmanager
def shifted(by: timedelta) -> Iterator[None]:
    """Let time be later (or earlier) for a test of deadlines."""
    global _shift
    before = _shift
    _shift = before + by
    try:
        yield
    finally:
        _shift = before

"""The rhythm of the ticks: at once for a few, in step and at most 37 ms apart for many."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from realtime.pace import BUSY, NEARLY_ALL, SLOWEST, Pace


def _after(strokes_a_second: float, cost: float, took: float, seconds: float = 5.0) -> Pace:
    """A pace that has seen so many strokes a second, ticked as it asked for."""
    pace, now, written = Pace(), 0.0, 0.0
    while now < seconds:
        now += max(pace.interval, 1 / strokes_a_second) + took
        strokes = max(1, round(now * strokes_a_second - written))
        written += strokes
        pace.ticked(strokes, cost, took, now)
    return pace


def test_two_people_who_type_are_told_at_once():
    # Five letters a second each; a tick of a small room costs half a millisecond.
    assert _after(10, 0.0005, 0.001).interval == 0.0


def test_ten_wait_less_than_a_blink_and_fifty_no_longer_than_two_frames():
    assert 0.0 < _after(50, 0.0005, 0.001).interval < 0.025
    assert _after(250, 0.0015, 0.002).interval == SLOWEST


def test_a_slow_disk_spaces_the_ticks_too():
    assert _after(20, 0.0003, 0.1).interval == SLOWEST


def test_a_busy_minute_is_forgotten():
    pace = _after(250, 0.0015, 0.002)
    assert pace.wait(now=5.0) > 0.0
    for moment in range(3):
        pace.ticked(1, 0.0005, 0.001, 10.0 + moment)
    assert pace.interval == 0.0


def test_nearly_all_letters_come_in_time_as_long_as_ticks_are_short():
    for took in (0.002, 0.004, 0.006):
        interval = _after(250, 0.004, took).interval
        assert BUSY <= interval <= SLOWEST
        assert 0.95 * (interval + took) + took <= NEARLY_ALL + 0.0005
    # Ticks that are long for themselves are not made more often for it.
    assert _after(250, 0.015, 0.015).interval == SLOWEST


@given(
    st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1), st.floats(0, 3), st.floats(0, 100)), max_size=40)
)
def test_no_sequence_of_ticks_makes_anyone_wait_longer(ticks):
    pace, now = Pace(), 0.0
    for strokes, worked, took, apart in ticks:
        now += apart
        pace.ticked(strokes, worked, took, now)
        assert 0.0 <= pace.wait(now) <= SLOWEST

"""What readers wrote, and how long it is kept: a year, wherever they wrote it. The counts stay."""

from __future__ import annotations

from publish import calls, reading_tests, voice


def forget_words() -> int:
    """For the worker. How many had written."""
    return voice.forget_words() + calls.forget_words() + reading_tests.forget_words()

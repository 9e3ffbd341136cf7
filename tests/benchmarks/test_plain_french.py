"""The benchmark of plain French reads what it says it reads."""

from __future__ import annotations

from benchmarks.plain_french import CHARACTERS, paragraphs, reading


def test_a_long_text_full_of_findings_is_read_and_measured() -> None:
    told = reading(paragraphs())
    assert told["characters"] >= CHARACTERS and told["findings"] > 500
    assert 0 < told["changed_paragraph_cpu_ms_median"] <= told["changed_paragraph_cpu_ms_highest"]
    assert told["changed_paragraph_cpu_ms_highest"] < told["whole_text_cpu_ms"]

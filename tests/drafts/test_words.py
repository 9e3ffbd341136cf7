"""The editor counts words as the pages do (tests/vectors/words.json is read by both)."""

from __future__ import annotations

import json

import pytest

from config import ROOT
from drafts.render import word_count

CASES = json.loads((ROOT / "tests" / "vectors" / "words.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["text"] for case in CASES])
def test_words_are_counted_alike(case: dict[str, object]) -> None:
    tree = [{"type": "paragraph", "content": [{"type": "text", "text": case["text"]}]}]
    assert word_count(tree) == case["words"]

"""What is lost, and why a file is refused, is said in French whatever the reader; a code without words would be one for nobody."""

from __future__ import annotations

import re

from flask import Flask

from config import ROOT
from drafts.exchange import losses
from drafts.exchange.import_words import refusal_words
from drafts.exchange.loss_words import loss_words

SOURCES = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "drafts" / "exchange").glob("*.py"))
)
LOST = set(re.findall(r'(?:losses\.add|Loss)\(\s*"([a-z_]+)"', SOURCES))
REFUSED = set(re.findall(r'Refused\(\s*"([a-z_]+)"', SOURCES))
# The one sentence for a file that no reader understands.
DAMAGED = {"broken", "unreadable", "no_text"}


def test_every_loss_has_its_words_and_its_meaning(app: Flask) -> None:
    assert len(LOST) > 25
    with app.test_request_context():
        assert {code for code in LOST if f"({code})" in loss_words(code)} == set()
    assert {code for code in LOST if f"`{code}`" not in (losses.__doc__ or "")} == set()


def test_every_refusal_has_its_words(app: Flask) -> None:
    assert len(REFUSED) > 15
    with app.test_request_context():
        unknown = refusal_words("never heard of")
        assert {code for code in REFUSED if refusal_words(code) == unknown} <= DAMAGED

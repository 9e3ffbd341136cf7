"""Words as strangers type them, made fit to stand beside those of other people."""

from __future__ import annotations

import re
import unicodedata

# What turns the line around, hides in it or rings: it deceives whoever reads it beside other people's words.
_DECEIVES = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]"
)
# Accents that pile up cover the lines above and below.
_PILED = re.compile("([\u0300-\u036f\u0489\u20d0-\u20ff]{3})[\u0300-\u036f\u0489\u20d0-\u20ff]+")


def readable(typed: str) -> str:
    """The words without what deceives the eye, at most one empty line between two."""
    text = unicodedata.normalize("NFC", typed.replace("\r\n", "\n").replace("\r", "\n"))
    text = _PILED.sub(r"\1", _DECEIVES.sub("", text).replace("\t", " "))
    return re.sub(r"\n[^\S\n]*(?:\n[^\S\n]*)+", "\n\n", text).strip()

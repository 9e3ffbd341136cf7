"""What a result of the search shows of its article: its title, and the place where the words stand."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from publish.words import Kin, Sought

SNIPPET = 220
BEFORE = 40
_ENDS = re.compile(r"[.!?…:;,][\s»”)]*$")


def flowing(plain: str) -> str:
    """The lines of a text as one; what ends without a mark (a heading, a cell) gets a point in the middle."""
    out = ""
    for line in plain.split("\n"):
        line = re.sub(r"[ \t\r]+", " ", line).strip(" ")
        if line:
            out += (" " if _ENDS.search(out) else " · ") * bool(out) + line
    return out


def marked(text: str, wanted: Sequence[Sought]) -> Markup:
    """The text with the sought words in <mark>, everything escaped."""
    out, at = Markup(""), 0
    spans = sorted({match.span() for word in wanted for match, _kin in word.found_in(text)})
    for start, end in spans:
        out += escape(text[at:start]) + Markup("<mark>{}</mark>").format(text[start:end])
        at = end
    return out + escape(text[at:])


def extract(plain: str, lead: str, wanted: Sequence[Sought]) -> Markup:
    """The lead when it has one of the words, else the place of the text that has the most of them."""
    in_lead = max((word.best_in(lead) for word in wanted), default=Kin.NONE)
    if in_lead is Kin.ITSELF:
        return marked(lead, wanted)
    text = flowing(plain)
    places = [(match.start(), kin) for word in wanted for match, kin in word.found_in(text)]
    if not places or (in_lead is Kin.RELATIVE and all(kin is Kin.RELATIVE for _start, kin in places)):
        return marked(lead, wanted)
    places.sort()

    def worth(start: int) -> tuple[int, int]:
        # A place where the word itself stands is shown rather than any with its relatives.
        near = [kin for other, kin in places if start <= other < start + SNIPPET]
        return near.count(Kin.ITSELF), len(near)

    start = max((place for place, _kin in places), key=worth)
    begin = text.rfind(" ", 0, max(0, start - BEFORE)) + 1 if start > BEFORE else 0
    end = text.find(" ", begin + SNIPPET)
    piece = text[begin:end] if end > 0 else text[begin:]
    before, after = ("… " if begin else ""), (" …" if end > 0 else "")
    return before + marked(piece.removeprefix("· ").removesuffix(" ·"), wanted) + after

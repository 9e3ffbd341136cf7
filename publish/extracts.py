"""What a result of the search shows of its article: its title, and the place where the words stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from publish.words import Expression, Kin, stems, words

SNIPPET = 220
# How many places are weighed against each other; a text that says a word more often is about it anyway.
MOST_PLACES = 300
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


@dataclass(frozen=True)
class Place:
    """Where something that is sought stands in a text."""

    start: int
    end: int
    kin: Kin


def places_of(text: str, wanted: Sequence[Expression]) -> list[Place]:
    """Where expressions stand, their words one after the other but for those that say nothing."""
    first: dict[str, list[Expression]] = {}
    for expression in wanted:
        for stem in expression[0].stems:
            first.setdefault(stem, []).append(expression)
    said = [(match, group) for match in words(text) if (group := stems(match.group()))]
    found: dict[int, Place] = {}
    for at, (_match, group) in enumerate(said):
        for expression in dict.fromkeys(one for stem in group for one in first.get(stem, ())):
            here = said[at : at + len(expression)]
            if len(here) == len(expression) and all(
                word.stems & theirs for word, (_there, theirs) in zip(expression, here, strict=True)
            ):
                for word, (there, _theirs) in zip(expression, here, strict=True):
                    kin = word.kin(there, text)
                    before = found.get(there.start())
                    if before is None or before.kin < kin:
                        found[there.start()] = Place(there.start(), there.end(), kin)
    return [found[start] for start in sorted(found)]


def marked(text: str, wanted: Sequence[Expression]) -> Markup:
    """The text with what is sought in <mark>, everything escaped."""
    out, at = Markup(""), 0
    for place in places_of(text, wanted):
        out += escape(text[at : place.start]) + Markup("<mark>{}</mark>").format(
            text[place.start : place.end]
        )
        at = place.end
    return out + escape(text[at:])


def extract(plain: str, lead: str, wanted: Sequence[Expression]) -> Markup:
    """The lead when it has one of the words, else the place of the text that has the most of them."""
    in_lead = max((place.kin for place in places_of(lead, wanted)), default=Kin.NONE)
    if in_lead is Kin.ITSELF:
        return marked(lead, wanted)
    text = flowing(plain)
    seen = places_of(text, wanted)[:MOST_PLACES]
    if not seen or (in_lead is Kin.RELATIVE and all(place.kin is Kin.RELATIVE for place in seen)):
        return marked(lead, wanted)

    def worth(place: Place) -> tuple[int, int]:
        # A place where the word itself stands is shown rather than any with its relatives.
        near = [other.kin for other in seen if place.start <= other.start < place.start + SNIPPET]
        return near.count(Kin.ITSELF), len(near)

    start = max(seen, key=worth).start
    begin = text.rfind(" ", 0, max(0, start - BEFORE)) + 1 if start > BEFORE else 0
    end = text.find(" ", begin + SNIPPET)
    piece = text[begin:end] if end > 0 else text[begin:]
    before, after = ("… " if begin else ""), (" …" if end > 0 else "")
    return before + marked(piece.removeprefix("· ").removesuffix(" ·"), wanted) + after

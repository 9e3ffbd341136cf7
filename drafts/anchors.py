"""Where a remark stands in the living text: its words are looked for, and the mark is put on them.

The server writes the anchor for everybody, because who may only remark sends no update. What the client says of the
place is a help and not the truth: while it was said, colleagues went on writing.

Browsers count UTF-16 units, pycrdt counts UTF-8 bytes, Python counts characters. They are converted here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drafts import document
from drafts.grammar import GRAMMAR, Tree, blocks, inline_text
from drafts.mark_keys import remark_key
from drafts.reading import is_element, is_text

# How many characters before the words are compared, when the block they stood in is gone.
CONTEXT = 60
# So many of them tell one place from another.
ENOUGH = 8


@dataclass(frozen=True)
class Passage:
    """Words of one block, as a client saw them.

    `start` counts UTF-16 units from the beginning of the block, a line break as one; `before` are the words that
    stood in front of them. `whole`: the block is meant as a whole, whatever its words are by now.
    """

    block_id: str
    start: int
    quote: str
    before: str = ""
    whole: bool = False


@dataclass
class Found:
    """What became of the passages of a remark: the block of the first one that was found, None when none was."""

    block_id: str | None = None


@dataclass
class _Line:
    """A block that holds words: the ids it is known under, its words, and the texts they stand in."""

    names: tuple[str, ...]
    words: str
    pieces: list[tuple[Any, int, str]]

    @property
    def name(self) -> str | None:
        return self.names[0] if self.names else None


def anchor_update(
    doc: Any, client_id: int, remark_id: str, passages: Sequence[Passage], found: Found
) -> bytes:
    """One update that marks the words of the passages; `b""` when none of them is there. Says in `found` where."""

    def edit(root: Any) -> None:
        lines = _lines(doc, root)
        for passage in passages:
            place = _locate(lines, passage)
            if place is None:
                continue
            line, start, end = place
            found.block_id = found.block_id or line.name
            _mark(line, start, end, remark_id)

    return document.edit_update(doc, client_id, edit)


def anchored_in(tree: Tree) -> dict[str, str]:
    """The remarks that have an anchor in a text: the id of each, and of the first block it stands in."""
    found: dict[str, str] = {}
    for block in blocks(tree):
        if not GRAMMAR.nodes[block["type"]].holds_inline:
            continue
        for node in block.get("content", ()):
            for mark in node.get("marks", ()):
                if mark["type"] == "remark" and (name := mark.get("attrs", {}).get("id")):
                    found.setdefault(name, block.get("attrs", {}).get("id", ""))
    return found


def _lines(doc: Any, root: Any) -> list[_Line]:
    found: list[_Line] = []

    def walk(parent: Any) -> None:
        for child in parent.children:
            if not is_element(child) or child.tag not in GRAMMAR.nodes:
                continue
            if not GRAMMAR.nodes[child.tag].holds_inline:
                walk(child)
                continue
            given = dict(iter(child.attributes)).get("id")
            words, pieces = _words_of(child)
            found.append(_Line((given,) if isinstance(given, str) and given else (), words, pieces))

    walk(root)
    # Blocks without an id of their own, or with somebody else's, are known by the one that every reader derives.
    read = [block for block in blocks(document.read_tree(doc)) if GRAMMAR.nodes[block["type"]].holds_inline]
    if [inline_text(block) for block in read] == [line.words for line in found]:
        for line, block in zip(found, read, strict=True):
            name = block.get("attrs", {}).get("id")
            if name and name not in line.names:
                line.names = (name, *line.names)
    return found


def _words_of(element: Any) -> tuple[str, list[tuple[Any, int, str]]]:
    """The words of a block and, for each text in it, where in them it begins. A line break is a newline."""
    words, pieces = "", []
    for child in element.children:
        if is_text(child):
            inner = "".join(part for part, _marks in child.diff() if isinstance(part, str))
            pieces.append((child, len(words), inner))
            words += inner
        elif is_element(child):
            words += "\n"
    return words, pieces


def _locate(lines: Sequence[_Line], passage: Passage) -> tuple[_Line, int, int] | None:
    """The block and the characters where the words stand now, from and to, as far as anybody can say."""
    if passage.whole and (own := [line for line in lines if passage.block_id in line.names]):
        at = own[0].words.find(passage.quote)
        return (own[0], at, at + len(passage.quote)) if at >= 0 else (own[0], 0, len(own[0].words))
    place = _words_at(lines, passage)
    return (*place, place[1] + len(passage.quote)) if place is not None else None


def _words_at(lines: Sequence[_Line], passage: Passage) -> tuple[_Line, int] | None:
    quote = passage.quote
    if not quote.strip():
        return None
    own = [line for line in lines if passage.block_id in line.names]
    for line in own:
        start = characters(line.words, passage.start)
        if line.words.startswith(quote, start):
            return line, start
        if places := _places(line.words, quote):
            return line, min(places, key=lambda place: abs(place - start))
    # The block was split, joined or taken away: the words may stand elsewhere, known by what was before them.
    elsewhere = [
        (_shared(line.words[:place], passage.before), line, place)
        for line in lines
        for place in _places(line.words, quote)
    ]
    if not elsewhere:
        return None
    best = max(score for score, _line, _place in elsewhere)
    likely = [(line, place) for score, line, place in elsewhere if score == best]
    # Of several, one has to be told from the others by more than a space: an anchor at other words would mislead.
    told_apart = len(elsewhere) == 1 or best >= min(ENOUGH, len(passage.before))
    return likely[0] if len(likely) == 1 and told_apart else None


def _places(words: str, quote: str) -> list[int]:
    places, at = [], words.find(quote)
    while at >= 0:
        places.append(at)
        at = words.find(quote, at + 1)
    return places


def _shared(before: str, wanted: str) -> int:
    """How many characters two texts have in common at their ends."""
    count = 0
    for one, other in zip(reversed(before[-CONTEXT:]), reversed(wanted[-CONTEXT:]), strict=False):
        if one != other:
            break
        count += 1
    return count


def _mark(line: _Line, start: int, end: int, remark_id: str) -> None:
    key, value = remark_key(remark_id), {"id": remark_id}
    for text, offset, words in line.pieces:
        from_, to = max(0, start - offset), min(len(words), end - offset)
        if from_ < to:
            text.format(len(words[:from_].encode()), len(words[:to].encode()), {key: value})


def characters(words: str, units: int) -> int:
    """How many characters of `words` fill that many UTF-16 units."""
    if units <= 0:
        return 0
    return len(words.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore"))

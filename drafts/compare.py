"""The difference between two texts, block by block, then word by word, with formatting and attributes.

Blocks are known again by their id, else by their words. What is compared are the blocks that hold text or refer to
something, each with the containers it stands in, so that a paragraph that became a list item is one changed block
and not one lost and one found.
"""

import difflib
import json
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from drafts.grammar import CONTAINERS, Node, Tree, inline_text, normalise, without_beside
from drafts.pairing import word_edits

# Two blocks of the same place are one changed block when this share of their words is the same.
ALIKE = 0.5
# Blocks without a partner that are compared with one another by their words; beyond, they are lost and found.
STRANGERS = 200


class Change(StrEnum):
    """What became of a block or of a stretch of words. `marked`: the same words in other formatting."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MARKED = "marked"


@dataclass(frozen=True)
class Stretch:
    """Consecutive words of one fate. Marks are pairs of name and attributes as JSON, before and after."""

    change: Change
    text: str
    marks_before: tuple[tuple[str, str], ...] = ()
    marks_after: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class AttributeChange:
    """One attribute of a block or of a container around it, None where it was not set or has its default."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class BlockChange:
    """What became of one block that holds text or refers to something.

    `within` is the path of containers, outermost first, before and after. `moved` may go with any change.
    `held` are the block's own attributes: as they are, or as they were when it is gone.
    """

    change: Change
    block_id: str | None
    type_before: str | None
    type_after: str | None
    level: int | None
    within_before: tuple[str, ...]
    within_after: tuple[str, ...]
    moved: bool
    attributes: tuple[AttributeChange, ...]
    stretches: tuple[Stretch, ...]
    held: tuple[tuple[str, Any], ...] = ()
    # Of a block that is in both texts: its id in the first one.
    former_id: str | None = None


@dataclass(frozen=True)
class _Line:
    """A block that holds text or refers to something, with its place."""

    node: Node
    within: tuple[str, ...]
    around: tuple[tuple[str, Any], ...]

    @property
    def ident(self) -> str | None:
        ident: str | None = self.node.get("attrs", {}).get("id")
        return ident

    @property
    def said(self) -> str:
        """What the block is known again by: its words, or what it refers to."""
        if words := inline_text(self.node):
            return words
        own = _own(self.node)
        return f"{self.node['type']} {json.dumps(own, sort_keys=True)}" if own else ""


def compare(before: Tree, after: Tree) -> list[BlockChange]:
    """Every block of both texts in reading order; a removed one stands before what followed it.

    Anchors of remarks are no part of a text, so they make no difference.
    """
    old, new = (list(_lines(without_beside(normalise(tree)))) for tree in (before, after))
    partner = _partners(old, new)
    in_place = _in_order([partner[place] for place in sorted(partner)])
    kept = set(partner.values())
    changes: list[BlockChange] = []
    next_old = 0

    def lose(end: int) -> None:
        nonlocal next_old
        changes.extend(_removed(old[gone]) for gone in range(next_old, end) if gone not in kept)
        next_old = max(next_old, end)

    # Where the text stands still again, from each block of the new text on.
    still = [len(old)] * (len(new) + 1)
    for place in range(len(new) - 1, -1, -1):
        source = partner.get(place, -1)
        still[place] = source if source in in_place else still[place + 1]
    for place, line in enumerate(new):
        lose(still[place])
        source = partner.get(place, -1)
        changes.append(_added(line) if source < 0 else _kept(old[source], line, source not in in_place))
        if source in in_place:
            next_old = source + 1
    lose(len(old))
    return changes


def differs(before: Tree, after: Tree) -> bool:
    """Whether a reader would be shown any difference."""
    return any(change.change is not Change.SAME or change.moved for change in compare(before, after))


def _lines(
    tree: Tree, within: tuple[str, ...] = (), around: tuple[tuple[str, Any], ...] = ()
) -> Iterable[_Line]:
    for node in tree:
        attrs = tuple((f"{node['type']}.{key}", value) for key, value in _own(node).items())
        if node["type"] in CONTAINERS:
            yield from _lines(node.get("content", []), (*within, node["type"]), (*around, *attrs))
        else:
            yield _Line(node, within, around)


def _own(node: Node) -> dict[str, Any]:
    return {key: value for key, value in node.get("attrs", {}).items() if key != "id"}


def _partners(old: Sequence[_Line], new: Sequence[_Line]) -> dict[int, int]:
    """Which block of the new text is which of the old: {place in new: place in old}."""
    by_ident = {line.ident: place for place, line in enumerate(old) if line.ident}
    partner = {place: by_ident.pop(line.ident) for place, line in enumerate(new) if line.ident in by_ident}
    taken = set(partner.values())
    by_words: dict[str, list[int]] = {}
    for place, line in enumerate(old):
        if place not in taken and line.said.strip():
            by_words.setdefault(line.said, []).append(place)
    for place, line in enumerate(new):
        if place not in partner and (same := by_words.get(line.said)):
            partner[place] = same.pop(0)
            taken.add(partner[place])
    lost = [place for place in range(len(old)) if place not in taken]
    found = [place for place in range(len(new)) if place not in partner]
    if lost and len(lost) * len(found) <= STRANGERS * STRANGERS:
        _pair_alike(old, new, lost, found, partner)
    return partner


def _pair_alike(
    old: Sequence[_Line],
    new: Sequence[_Line],
    lost: Sequence[int],
    found: Sequence[int],
    partner: dict[int, int],
) -> None:
    """Blocks without an id in common that stand between the same neighbours and say much the same."""
    start = 0
    for place in found:
        low = max((partner[near] for near in partner if near < place), default=-1)
        high = min((partner[near] for near in partner if near > place), default=len(old))
        words = new[place].said.split()
        for index in range(start, len(lost)):
            if low < lost[index] < high:
                matcher = difflib.SequenceMatcher(None, old[lost[index]].said.split(), words, False)
                if matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE:
                    partner[place] = lost[index]
                    start = index + 1
                    break


def _in_order(places: Sequence[int]) -> set[int]:
    """The longest rising run of places: what stayed in order, so that the fewest blocks count as moved."""
    tails: list[int] = []
    index_of_tail: list[int] = []
    previous: list[int] = []
    for index, place in enumerate(places):
        at = bisect_left(tails, place)
        previous.append(index_of_tail[at - 1] if at else -1)
        tails[at : at + 1] = [place]
        index_of_tail[at : at + 1] = [index]
    kept: set[int] = set()
    index = index_of_tail[-1] if index_of_tail else -1
    while index >= 0:
        kept.add(places[index])
        index = previous[index]
    return kept


def _added(line: _Line) -> BlockChange:
    return BlockChange(
        change=Change.ADDED,
        block_id=line.ident,
        type_before=None,
        type_after=line.node["type"],
        level=_level(line.node),
        within_before=(),
        within_after=line.within,
        moved=False,
        attributes=(),
        stretches=tuple(Stretch(Change.ADDED, text, (), marks) for text, marks in _runs(line.node)),
        held=_held(line),
    )


def _removed(line: _Line) -> BlockChange:
    return BlockChange(
        change=Change.REMOVED,
        block_id=line.ident,
        type_before=line.node["type"],
        type_after=None,
        level=_level(line.node),
        within_before=line.within,
        within_after=(),
        moved=False,
        attributes=(),
        stretches=tuple(Stretch(Change.REMOVED, text, marks, ()) for text, marks in _runs(line.node)),
        held=_held(line),
    )


def _kept(before: _Line, after: _Line, moved: bool) -> BlockChange:
    had = {**dict(before.around), **_own(before.node)}
    has = {**dict(after.around), **_own(after.node)}
    attributes = tuple(
        AttributeChange(name, had.get(name), has.get(name))
        for name in sorted(had.keys() | has.keys())
        if had.get(name) != has.get(name)
    )
    stretches = tuple(_stretches(before.node, after.node))
    same = (
        not attributes
        and before.node["type"] == after.node["type"]
        and before.within == after.within
        and all(stretch.change is Change.SAME for stretch in stretches)
    )
    return BlockChange(
        change=Change.SAME if same else Change.CHANGED,
        block_id=after.ident,
        type_before=before.node["type"],
        type_after=after.node["type"],
        level=_level(after.node),
        within_before=before.within,
        within_after=after.within,
        moved=moved,
        attributes=attributes,
        stretches=stretches,
        held=_held(after),
        former_id=before.ident,
    )


def _held(line: _Line) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(_own(line.node).items()))


def _level(node: Node) -> int | None:
    return node.get("attrs", {}).get("level", 2) if node["type"] == "heading" else None


def _runs(node: Node) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """(words, marks) of each run; a line break is a newline without marks."""
    return [
        (
            child.get("text", "\n"),
            tuple(
                (mark["type"], json.dumps(mark.get("attrs", {}), sort_keys=True))
                for mark in child.get("marks", ())
            ),
        )
        for child in node.get("content", ())
    ]


def _stretches(before: Node, after: Node) -> Iterable[Stretch]:
    old, new = _Runs(before), _Runs(after)
    held: list[Stretch] = []
    at = place = 0
    for start, end, words in [*word_edits(old.text, new.text), (len(old.text), len(old.text), "")]:
        held += _compared(old, new, at, place, start - at)
        place += start - at
        held += [Stretch(Change.REMOVED, text, marks, ()) for text, marks in old.between(start, end)]
        held += [
            Stretch(Change.ADDED, text, (), marks) for text, marks in new.between(place, place + len(words))
        ]
        at, place = end, place + len(words)
    return held


def _compared(old: "_Runs", new: "_Runs", at: int, place: int, size: int) -> Iterable[Stretch]:
    """The same words on both sides: in the same formatting, or not."""
    found: list[Stretch] = []
    edges = sorted(
        {0, size}
        | {edge - at for edge in old.edges if at < edge < at + size}
        | {edge - place for edge in new.edges if place < edge < place + size}
    )
    for start, end in zip(edges, edges[1:], strict=False):
        text = old.text[at + start : at + end]
        marks_before, marks_after = old.marks_at(at + start), new.marks_at(place + start)
        change = Change.SAME if marks_before == marks_after else Change.MARKED
        last = found[-1] if found else None
        if last and (last.change, last.marks_before, last.marks_after) == (change, marks_before, marks_after):
            found[-1] = Stretch(change, last.text + text, marks_before, marks_after)
        else:
            found.append(Stretch(change, text, marks_before, marks_after))
    return found


class _Runs:
    """The words of a block, with the places where its formatting changes."""

    def __init__(self, node: Node) -> None:
        self.runs = _runs(node)
        self.text = "".join(text for text, _ in self.runs)
        self.edges = [0]
        for text, _ in self.runs:
            self.edges.append(self.edges[-1] + len(text))

    def marks_at(self, place: int) -> tuple[tuple[str, str], ...]:
        """The marks of the character at `place`."""
        low = bisect_left(self.edges, place + 1) - 1
        return self.runs[low][1]

    def between(self, start: int, end: int) -> Iterable[tuple[str, tuple[tuple[str, str], ...]]]:
        """The runs between two places, cut to them."""
        for (text, marks), edge in zip(self.runs, self.edges, strict=False):
            piece = text[max(0, start - edge) : max(0, end - edge)]
            if piece:
                yield piece, marks

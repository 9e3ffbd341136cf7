"""Where words stand, or stood at any moment, in a document: the clocks under which they were written.

A log is replayed row by row; after each row the blocks that it touched are read, with all suggestions in them, with
those put in left out, and with those taken out left out. What is found there is taken out of the copy that is being
replayed, and pycrdt says by its delete set which clocks that were. So words that were typed letter by letter, by
several people, over many rows are found, and so are words that nobody reads any more. What one person typed in one go
is looked at as well: words that came and went within one row were never to be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from drafts import document
from drafts.gate import GateRefusal, RoomIndex, check
from drafts.judged import EVERYONE
from drafts.passages import Passage
from drafts.reading import is_element, is_text
from drafts.redacted_bytes import Keys, Ranges, blocks_of, cut_in, units
from drafts.suggested import MARKS
from drafts.yupdate import ANY, STRING, read_update

__all__ = ["Search", "joined"]

_NO_LIMIT = 2**31


@dataclass
class Search:
    """The search of one life of a document, fed with its first state and its rows in order.

    `gone`: the clocks found. `keys`: under which key values stand. `places`: (row, what stands around) of each find.
    `unread`: rows that cannot be replayed, which therefore are part of no text.
    """

    passage: Passage
    gone: Ranges = field(default_factory=dict)
    keys: Keys = field(default_factory=dict)
    places: list[tuple[int, str]] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    doc: document.Doc = field(default_factory=document.new_document)

    def __post_init__(self) -> None:
        self._index = RoomIndex()
        self._typed: dict[int, list[tuple[int, str, bool]]] = {}
        self._touched: list[Any] = []
        # Kept: the root cannot be asked for while an observer runs.
        self._root = document.content(self.doc)
        self._watching = self._root.observe_deep(self._note)

    def begin(self, seq: int, state: bytes) -> None:
        """The state that this life began with."""
        self._learn(state)
        document.apply(self.doc, state)
        self._index = RoomIndex.of(state)
        self._touched = [self._root]
        self._look(seq)

    def take(self, seq: int, update: bytes) -> None:
        """The next row. One that the gate refuses is passed over, as everybody passes over it."""
        try:
            accepted = check(self._index, update, EVERYONE, bulk=True)
        except GateRefusal:
            self.unread.append(seq)
            return
        self._learn(update)
        document.apply(self.doc, update)
        self._index.admit(accepted)
        self._look(seq)

    def end(self) -> None:
        """Look at what each person typed in one go, and stop following the document."""
        self._root.unobserve(self._watching)
        for client, pieces in self._typed.items():
            for clock, text in _in_one_go(pieces):
                for start, end in self.passage.spans(text):
                    self._add(client, clock + units(text[:start]), clock + units(text[:end]))
        strings = {
            client: joined((clock, clock + units(text)) for clock, text, _goes_on in pieces)
            for client, pieces in self._typed.items()
        }
        # Emptied marks that pycrdt tidies up with the words are no words: they stay for who typed between them.
        self.gone = {
            client: [
                part for start, end in joined(ranges) for part in cut_in(strings.get(client, ()), start, end)
            ]
            for client, ranges in self.gone.items()
        }
        self.gone = {client: ranges for client, ranges in self.gone.items() if ranges}

    def _learn(self, update: bytes) -> None:
        for block in blocks_of(update):
            if block.kind == STRING:
                pieces = self._typed.setdefault(block.client, [])
                known = max((clock + units(text) for clock, text, _on in pieces[-1:]), default=0)
                if block.clock >= known:
                    pieces.append((block.clock, block.text, block.origin == (block.client, block.clock - 1)))
                elif block.clock + block.size > known:
                    wide = block.text.encode("utf-16-le")
                    rest = wide[2 * (known - block.clock) :].decode("utf-16-le", "replace")
                    pieces.append((known, rest, True))
            elif block.kind == ANY:
                key = block.key or self.keys.get(block.origin or (0, 0))
                if key is not None:
                    self.keys.update({(block.client, block.clock + at): key for at in range(block.size)})

    def _note(self, events: list[Any]) -> None:
        for event in events:
            self._touched.append(event.target)
            if not is_text(event.target):
                for step in event.delta:
                    new = step.get("insert", ())
                    self._touched += new if isinstance(new, list) else [new]

    def _look(self, seq: int) -> None:
        touched, self._touched = self._touched, []
        starts: dict[int, Any] = {}
        for node in touched:
            start = node.parent if is_text(node) else node
            if start is not None:
                starts[id(start)] = start
        for start in starts.values():
            for block in _blocks(start):
                while self._take_out(seq, block):
                    pass
        # What was taken out here is nobody's stroke.
        self._touched = []

    def _take_out(self, seq: int, block: Any) -> bool:
        runs = list(_runs(block))
        for left_out in (None, *{mark for run in runs for mark in run[3] if mark in MARKS}):
            shown = [run for run in runs if left_out is None or left_out not in run[3]]
            said = "".join(run[0] for run in shown)
            spans = self.passage.spans(said)
            if not spans:
                continue
            self.places += [(seq, around) for around in self.passage.around(said)]
            letters = list(_letters(shown))
            before = _deleted(self.doc)
            with self.doc.transaction():
                for letter, text, at in reversed(
                    [one for start, end in spans for one in letters[start:end] if one[1] is not None]
                ):
                    del text[at : at + len(letter.encode())]
            for client, ranges in _deleted(self.doc).items():
                for start, end in _less(ranges, before.get(client, [])):
                    self._add(client, start, end)
            return True
        return False

    def _add(self, client: int, start: int, end: int) -> None:
        self.gone.setdefault(client, []).append((start, end))


def _blocks(node: Any) -> Iterator[Any]:
    """The blocks of words in a part of the document, itself included."""
    stack = [node]
    while stack:
        top = stack.pop()
        if is_text(top) or not hasattr(top, "children"):
            continue
        children = list(top.children)
        if any(is_text(child) for child in children):
            yield top
        stack += [child for child in children if is_element(child)]


def _runs(block: Any) -> Iterator[tuple[str, Any, int, Any]]:
    """(words, their text, place in bytes, marks) of a block in order; what is no word reads as a line break."""
    for child in block.children:
        if not is_text(child):
            yield "\n", None, 0, ()
            continue
        at = 0
        for words, marks in child.diff():
            said = words if isinstance(words, str) else "\x00"
            yield said, child, at, marks or ()
            at += len(said.encode())


def _letters(runs: Iterable[tuple[str, Any, int, Any]]) -> Iterator[tuple[str, Any, int]]:
    for words, text, at, _marks in runs:
        for letter in words:
            yield letter, text, at
            at += len(letter.encode())


def _deleted(doc: document.Doc) -> Ranges:
    _sections, deletes = read_update(document.diff(doc, document.state_vector(doc)), _NO_LIMIT, _NO_LIMIT)
    return {client: joined(ranges) for client, ranges in deletes}


def joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges in order, those that touch or overlap as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _less(ranges: list[tuple[int, int]], before: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What of `ranges` is in none of those before."""
    for start, end in ranges:
        at = start
        for first, last in cut_in(before, start, end):
            if at < first:
                yield at, first
            at = last
        if at < end:
            yield at, end


def _in_one_go(pieces: list[tuple[int, str, bool]]) -> Iterator[tuple[int, str]]:
    """(first clock, text) of what was typed without moving: each letter after the one before."""
    begun, said, end = 0, "", -1
    for clock, text, goes_on in sorted(pieces):
        if goes_on and clock == end:
            said += text
        else:
            if said:
                yield begun, said
            begun, said = clock, text
        end = clock + units(text)
    if said:
        yield begun, said

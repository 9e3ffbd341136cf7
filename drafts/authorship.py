"""Who wrote what: for each character of a living text, the person it comes from.

A client id says who sent a struct, not whose words it holds: y-prosemirror writes a text anew when a paragraph
is split, joined, wrapped or changes kind, and would give a colleague's words to whoever pressed Enter. The
table of a document keeps two persons for each character: `raw`, who sent it, and `carried`, whose words they
were before they were cut, moved or copied. Person 0 is the live edition, or nobody.

Kept beside the UTF-8 bytes of each text (the unit of pycrdt), fed by the deltas of its deep events, so that a
stroke costs some microseconds whatever the length of the text.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from drafts.document import Doc, Element, Fragment, Text, apply, content
from drafts.grammar import GRAMMAR
from drafts.recollection import Recollection
from drafts.runs import (
    AuthorshipMismatch,
    Branch,
    Cut,
    Fresh,
    Line,
    authors,
    bytes_of,
    characters,
    cut_out,
    lines_of,
    pack,
    runs_of,
    unpack,
)
from drafts.suggested import MARKS

# Marks that are no formatting of the text: to suggest, or to remark upon words, is no part in what they say until a
# suggestion is accepted, and then it counts as words put in or taken out.
BESIDE = MARKS | GRAMMAR.beside

__all__ = ["AuthorshipMismatch", "Contribution", "RunTable"]


@dataclass(frozen=True)
class Contribution:
    """What a person did to the difference with the live edition.

    inserted: characters there now that are theirs; deleted: characters of the live edition they took out and
    nobody put back; attributes: changes of marks, of attributes other than ids, and of blocks (added, removed,
    split, joined, changed kind); recreated: characters of others, or of the live edition, that they sent anew;
    withdrawn: characters that others wrote since the live edition, which they took out and nobody put back.
    Any of them makes a contributor.
    """

    inserted: int = 0
    deleted: int = 0
    attributes: int = 0
    recreated: int = 0
    withdrawn: int = 0

    @property
    def size(self) -> int:
        """The measure of a contribution: inserted + deleted + attributes."""
        return self.inserted + self.deleted + self.attributes


class RunTable:
    """The authors of one living document. Made by `of`; follows the document until `close`."""

    def __init__(self, doc: Doc) -> None:
        self.doc = doc
        self.repairs = 0
        # Kept: the root cannot be asked for while an observer runs.
        self._fragment = content(doc)
        self._person = 0
        self._deleted: dict[int, int] = {}
        self._attributes: dict[int, int] = {}
        self._withdrawn: dict[int, int] = {}
        self._words = Recollection(self._lines, self._lost)
        with doc.transaction():
            self._root = self._mirror_children(self._fragment, 0, None)
        self._subscription: Any = self._fragment.observe_deep(self._on_events)

    @classmethod
    def of(cls, doc: Doc, stored: bytes | None = None) -> "RunTable":
        """The table of a document: with the authors stored for this very state, or with person 0 throughout.

        Raises AuthorshipMismatch when `stored` belongs to another state; replaying the log row by row, each
        under its person, then rebuilds what the stored bytes could not tell.
        """
        table = cls(doc)
        if stored is not None:
            counts, table._words.memory = unpack(stored, list(table._lines()))
            table._deleted, table._attributes, table._withdrawn = counts
        return table

    def close(self) -> None:
        """Stop following the document."""
        if self._subscription is not None:
            self._fragment.unobserve(self._subscription)
            self._subscription = None

    @contextmanager
    def recording(self, person: int) -> Iterator[None]:
        """Updates applied inside are that person's. Words found again keep their authors update by update."""
        before, self._person = self._person, person
        try:
            yield
        finally:
            self._person = before

    def shares(self) -> dict[int, int]:
        """Characters of the present text by the person whose words they are, person 0 included."""
        shares: dict[int, int] = {}
        for (carried, _), count in self._tallies():
            shares[carried] = shares.get(carried, 0) + count
        return shares

    def contributions(self) -> dict[int, Contribution]:
        """What each person did to the difference with the live edition; those who did nothing are not there."""
        inserted: dict[int, int] = {}
        recreated: dict[int, int] = {}
        for (carried, raw), count in self._tallies():
            inserted[carried] = inserted.get(carried, 0) + count
            if raw != carried:
                recreated[raw] = recreated.get(raw, 0) + count
        people = inserted.keys() | recreated.keys() | self._deleted.keys()
        people |= self._attributes.keys() | self._withdrawn.keys()
        found = {
            person: Contribution(
                inserted.get(person, 0),
                self._deleted.get(person, 0),
                self._attributes.get(person, 0),
                recreated.get(person, 0),
                self._withdrawn.get(person, 0),
            )
            for person in sorted(people - {0})
        }
        return {person: seen for person, seen in found.items() if seen != Contribution()}

    def runs(self) -> list[list[tuple[str, int, int]]]:
        """For each text in document order, its runs (words, carried, raw)."""
        found = []
        for line in self._lines():
            runs, at = [], 0
            for (carried, raw), size in runs_of(line):
                runs.append((line.text[at : at + size].decode(), carried, raw))
                at += size
            found.append(runs)
        return found

    def mirrored(self) -> tuple[Fragment, Branch]:
        """The root of the document, and the mirror of it in which each text has its authors."""
        return self._fragment, self._root

    def start_from_here(self) -> None:
        """Count from the present text on: it becomes the live edition, person 0 throughout."""
        for line in self._lines():
            line.carried = authors(0, len(line.text))
            line.raw = authors(0, len(line.text))
            line.touched()
        self._deleted.clear()
        self._attributes.clear()
        self._withdrawn.clear()
        self._words.memory.clear()

    def encode(self, *, memory: bool = False) -> bytes:
        """The table in few bytes, to be stored with the same state of the document.

        With `memory`, words deleted lately are in it: a replay that goes on from a checkpoint knows them when they are
        put back, as one from the first row does. That is for the log's own keeping, which holds deleted words anyway;
        what is kept of a version is without them.
        """
        return pack(
            list(self._lines()),
            (self._deleted, self._attributes, self._withdrawn),
            self._words.memory if memory else None,
        )

    def take_out(self, update: bytes, names: Callable[[str], bool]) -> None:
        """Apply a deletion that is nobody's deed, and forget words deleted lately of which `names` says so."""
        kept = [cut for cut in reversed(self._words.memory.recent()) if not names(cut.text.decode())]
        with self.recording(0):
            apply(self.doc, update)
        self._words.memory.clear()
        for cut in kept:
            self._words.memory.put(cut)

    # Following the document

    def _mirror_children(self, parent: Fragment | Element, person: int, fresh: list[Fresh] | None) -> Branch:
        return Branch([self._mirror(child, person, fresh) for child in parent.children])

    def _mirror(self, child: Any, person: int, fresh: list[Fresh] | None) -> Branch | Line | None:
        if isinstance(child, Text):
            text = bytes_of(child)
            line = Line(text, authors(person, len(text)), authors(person, len(text)))
            if fresh is not None and text:
                fresh.append(Fresh(line, 0, len(text), is_whole=True))
            return line
        if isinstance(child, Fragment | Element):
            return self._mirror_children(child, person, fresh)
        return None

    def _lines(self) -> Iterator[Line]:
        return lines_of(self._root)

    def _tallies(self) -> Iterator[tuple[tuple[int, int], int]]:
        for line in self._lines():
            if line.tally is None:
                line.tally = {}
                at = 0
                for pair, size in runs_of(line):
                    count = characters(line.text[at : at + size])
                    line.tally[pair] = line.tally.get(pair, 0) + count
                    at += size
            yield from line.tally.items()

    def _on_events(self, events: list[Any]) -> None:
        person = self._person
        cuts: list[Cut] = []
        fresh: list[Fresh] = []
        try:
            # Paths are those of the state after the update: containers first, then what stands in them.
            for path, event in sorted(
                ((event.path, event) for event in events), key=lambda pair: len(pair[0])
            ):
                node: Any = self._root
                for step in path:
                    node = node.children[step] if isinstance(node, Branch) else None
                if isinstance(node, Line):
                    self._follow_text(node, event, person, cuts, fresh)
                elif isinstance(node, Branch):
                    self._follow_children(node, event, person, cuts, fresh)
        except Exception:
            # An exception in an observer surfaces after the commit, when nothing can be taken back. The table
            # reads the document again and finds its words where they are.
            self._read_again(person)
            return
        self._words.carry(person, cuts, fresh)

    def _follow_text(self, line: Line, event: Any, person: int, cuts: list[Cut], fresh: list[Fresh]) -> None:
        place = 0
        changed: set[str] = set()
        for step in event.delta:
            if "retain" in step:
                place += int(step["retain"])
                changed.update(
                    name for name in step.get("attributes") or () if name.split("--", 1)[0] not in BESIDE
                )
            elif "delete" in step:
                end = place + int(step["delete"])
                cuts.append(cut_out(line, place, end, person))
                del line.text[place:end], line.carried[place:end], line.raw[place:end]
            else:
                words = step["insert"]
                new = words.encode() if isinstance(words, str) else b"\x00"
                line.text[place:place] = new
                line.carried[place:place] = line.raw[place:place] = authors(person, len(new))
                if fresh and fresh[-1].line is line and fresh[-1].end == place:
                    fresh[-1].end += len(new)
                else:
                    fresh.append(Fresh(line, place, place + len(new)))
                place += len(new)
        line.touched()
        if changed:
            self._count(self._attributes, person, len(changed))
        if len(event.target) != len(line.text):
            raise AssertionError("the text is not what its deltas say")

    def _follow_children(
        self, branch: Branch, event: Any, person: int, cuts: list[Cut], fresh: list[Fresh]
    ) -> None:
        changed = len([name for name in event.keys if name != "id"])
        place = 0
        added = removed = 0
        for step in event.delta:
            if "retain" in step:
                place += int(step["retain"])
            elif "delete" in step:
                end = place + int(step["delete"])
                for child in branch.children[place:end]:
                    removed += isinstance(child, Branch)
                    for line in lines_of(child):
                        cuts.append(cut_out(line, 0, len(line.text), person))
                del branch.children[place:end]
            else:
                new = step["insert"] if isinstance(step["insert"], list) else [step["insert"]]
                children = [self._mirror(child, person, fresh) for child in new]
                added += sum(isinstance(child, Branch) for child in children)
                branch.children[place:place] = children
                place += len(children)
        if event.children_changed is not False and len(event.target.children) != len(branch.children):
            raise AssertionError("the children are not what their deltas say")
        changed += max(added, removed)
        if changed:
            self._count(self._attributes, person, changed)

    def _read_again(self, person: int) -> None:
        self.repairs += 1
        cuts = [cut_out(line, 0, len(line.text), person) for line in self._lines()]
        fresh: list[Fresh] = []
        before = [(line, line.raw) for line in self._lines()]
        self._root = self._mirror_children(self._fragment, person, fresh)
        self._words.carry(person, cuts, fresh)
        # Texts that are the same at the same place were not sent anew.
        for (old, raw), new in zip(before, self._lines(), strict=False):
            if old.text == new.text:
                new.raw = raw
                new.touched()

    def _lost(self, person: int, base: int, others: int) -> None:
        """Characters of the live edition and of others that a person took out; below nought when they came back."""
        self._count(self._deleted, person, base)
        self._count(self._withdrawn, person, others)

    @staticmethod
    def _count(counts: dict[int, int], person: int, change: int) -> None:
        if change:
            counts[person] = max(0, counts.get(person, 0) + change)

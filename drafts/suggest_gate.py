"""The gate behind the gate: what may come in from a seat that may only suggest.

Such a stroke is let through when, in the blocks it touches, two things hold before and after: the text with every
suggestion refused (insertions taken out, deletions kept) is the same, with all its other marks, its blocks, their
attributes and ids; and every suggestion whose words or place changed is one of that person's.

It is judged by what it does and not by what it holds, on a copy of the document: a Yjs client says the same thing in
many ways (it writes a letter beside the one that was typed when they are equal, opens a mark again behind what it
put in), and only the document knows what stands between two marks. The document itself is not touched before:
nobody may see what is refused, and what was applied cannot be taken back.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any

from drafts import document
from drafts.gate import BULK, GateRefusal
from drafts.grammar import GRAMMAR
from drafts.reading import attributes_of, is_element, is_text
from drafts.room_index import Knowledge, News
from drafts.suggest_places import Path, Whereabouts, node_at
from drafts.suggested import DELETION, INSERTION, MARKS, client_of, ident_in
from drafts.yupdate import FORMAT, STRING, Deletes, Id, Section, read_update

__all__ = ["Trial", "judge"]

# (name, value) of a mark as it is written; ("", id) of a suggestion, whichever of the two marks it has.
_Mark = tuple[str, str]
# Strokes of others that wait until the copy is asked for again; beyond, it is cheaper made anew.
MOST_BEHIND = 500


class Trial:
    """A copy of one document on which strokes are tried. Made when it is first asked for, so that only rooms with
    such seats pay for it."""

    __slots__ = ("_behind", "_copy")

    def __init__(self) -> None:
        self._copy: document.Doc | None = None
        self._behind: list[bytes] = []

    @property
    def is_ready(self) -> bool:
        """Whether a copy is there: else the next judgement has to make one of the whole document."""
        return self._copy is not None

    def follow(self, update: bytes) -> None:
        """Hear of an update that was applied to the document itself."""
        if self._copy is None:
            return
        self._behind.append(update)
        if len(self._behind) > MOST_BEHIND:
            self._forget()

    def judge(
        self, doc: document.Doc, update: bytes, own: Container[int], index: Knowledge, news: News
    ) -> None:
        """Return if the stroke of somebody who may write under the client ids `own` only suggests.

        It passed `gate.check`, which found `news` in it beyond what `index` knows of `doc`. The copy then holds it already: it is applied to the document next, and not told to
        `follow`. Raises GateRefusal (forbidden, resync, malformed); the copy is worth nothing then.
        """
        copy, self._copy = self._copy, None
        behind, self._behind = self._behind, []
        try:
            if copy is None:
                copy = document.replay(document.state(doc), ())
            for one in behind:
                document.apply(copy, one)
            judge(doc, copy, update, own, Whereabouts(index, news))
        except document.DocumentBroken:
            raise GateRefusal("malformed", "the copy of the document did not survive the update") from None
        self._copy = copy

    def _forget(self) -> None:
        self._copy, self._behind = None, []


def judge(
    before: document.Doc, copy: document.Doc, update: bytes, own: Container[int], where: Whereabouts
) -> None:
    """Apply `update` to `copy`, which equals `before`, and compare.

    Raises GateRefusal (forbidden; resync for words that the sender has to mark anew) and DocumentBroken.
    """
    seen = _Seen()
    root = document.content(copy)
    subscription = root.observe_deep(seen.take)
    try:
        document.apply(copy, update)
    finally:
        root.unobserve(subscription)
    if seen.fault:
        raise _forbidden(seen.fault)
    if any(_attributes(before, path) != _attributes(copy, path) for path in seen.named):
        raise _forbidden("an attribute changes")
    marks: dict[Path, set[_Mark]] = {}
    astray = False
    for path in seen.blocks:
        was, now = _view(before, path), _view(copy, path)
        if was.shape != now.shape or was.standing != now.standing:
            if was.shape != now.shape or not _only_grew(was, now):
                raise _forbidden("something else than suggestions changes")
            astray = True
        for ident in was.suggestions.keys() | now.suggestions.keys():
            if was.suggestions.get(ident) != now.suggestions.get(ident) and client_of(ident) not in own:
                raise _forbidden("a suggestion of somebody else changes")
        marks[path] = was.marks | now.marks | _named(was.suggestions.keys() | was.under)
    sections, deletes = read_update(update, BULK.structs, BULK.ranges)
    if astray and _goes_on(sections, own):
        raise GateRefusal("resync", "words go on where a suggestion was")
    if astray:
        raise _forbidden("something else than suggestions is written")
    opened = _opened(sections, deletes, own)
    if not opened:
        return
    if len(marks) == 1 and len(where.touched(sections, deletes)) == 1:
        [here] = marks.values()
        fine = all(mark in here for _id, mark in opened)
    else:
        standing = {place: marks[path] for place, path in where.blocks(copy, marks).items()}
        fine = all(mark in standing.get(where.stands(id_), ()) for id_, mark in opened)
    if not fine:
        raise _forbidden("a mark is opened that is not there")


def _only_grew(was: _View, now: _View) -> bool:
    """Words are new in the text, and no suggestion became the text."""
    letters = ((letter, beside) for words, beside in now.standing for letter in words)
    if not all((letter, beside) in letters for words, beside in was.standing for letter in words):
        return False
    return all(was.put_in(ident) <= now.put_in(ident) for ident in was.suggestions)


def _goes_on(sections: list[Section], own: Container[int]) -> bool:
    """Whether words go on in words that the same person wrote in an earlier stroke.

    These were a suggestion when the new ones were typed, and somebody answered, cut or moved it at that moment. So
    the client is asked for them again, and marks them.
    """
    starts = {client: clock for client, clock, _end, _structs in sections}
    return any(
        kind == STRING
        and origin is not None
        and origin[1] < starts.get(origin[0], origin[1] + 1)
        and origin[0] in own
        for _client, _clock, _end, structs in sections
        for kind, _length, origin, _right, _parent, _key, _content in structs
    )


def _forbidden(why: str) -> GateRefusal:
    return GateRefusal("forbidden", why)


class _Seen:
    """What an update touched, from its deep events: blocks of words, elements whose attributes were written (`named`);
    `fault` when it was anything else."""

    def __init__(self) -> None:
        self.blocks: set[Path] = set()
        self.named: set[Path] = set()
        self.fault = ""

    def take(self, events: list[Any]) -> None:
        # An exception in an observer surfaces where nothing can be done about it.
        try:
            for event in events:
                self._take(event)
        except Exception:
            self.fault = "what it does cannot be read"

    def _take(self, event: Any) -> None:
        path, target = tuple(event.path), event.target
        if is_text(target):
            if path:
                self.blocks.add(path[:-1])
            else:
                self.fault = "words stand outside of blocks"
            return
        if is_element(target) and event.keys:
            self.named.add(path)
        if not any("insert" in step or "delete" in step for step in event.delta):
            return
        if not is_element(target) or not GRAMMAR.nodes[target.tag or ""].holds_inline:
            self.fault = "blocks come or go"
        else:
            # An empty block gets its text; what else came or went is seen by its shape.
            self.blocks.add(path)


@dataclass
class _View:
    """One block of words: as it stands with every suggestion refused, and each suggestion by itself."""

    # Its elements by name (line breaks).
    shape: list[str] = field(default_factory=list)
    # (words, other marks) of each run, or ("\n", name of the element).
    standing: list[tuple[str, str]] = field(default_factory=list)
    # For each id its pieces: what it does, where in the standing words, the words, their other marks.
    suggestions: dict[str, list[tuple[str, int, str, str]]] = field(default_factory=dict)
    # Whose taking out lies under words that are put in: it means nothing there, until these are accepted.
    under: set[str] = field(default_factory=set)
    # All (name, value) that words of the block carry.
    marks: set[tuple[str, str]] = field(default_factory=set)

    def put_in(self, ident: str) -> int:
        """How many letters a suggestion puts in."""
        pieces = self.suggestions.get(ident, ())
        return sum(len(words) for kind, _at, words, _beside in pieces if kind == INSERTION)


def _attributes(doc: document.Doc, path: Path) -> dict[str, Any]:
    """What an element says of itself. An editor writes a default out that was not written before: that is no change."""
    with doc.transaction():
        element = node_at(doc, path)
        return GRAMMAR.type_node_attributes(element.tag or "", attributes_of(element))


def _view(doc: document.Doc, path: Path) -> _View:
    view, at = _View(), 0
    with doc.transaction():
        for words, formatting in _pieces(node_at(doc, path), view.shape):
            if formatting is None:
                _add(view.standing, "\n", words)
                at += 1
                continue
            others = {
                key: value for key, value in formatting.items() if value is not None and key not in MARKS
            }
            view.marks.update((key, _written(value)) for key, value in others.items())
            beside = _written(others)
            inserted, deleted = ident_in(formatting, INSERTION), ident_in(formatting, DELETION)
            if inserted is not None:
                # Where it is put in and not between which letters: words of others may come to stand inside.
                _note(view, inserted, (INSERTION, at, words, beside))
                view.under.update(() if deleted is None else (deleted,))
                continue
            _add(view.standing, words, beside)
            if deleted is not None:
                _note(view, deleted, (DELETION, at, words, ""))
            at += len(words)
    return view


def _pieces(block: Any, shape: list[str]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    for child in block.children:
        if is_text(child):
            for words, formatting in child.diff():
                if isinstance(words, str) and words:
                    yield words, formatting or {}
        elif is_element(child):
            shape.append(child.tag or "")
            yield child.tag or "", None


def _add(standing: list[tuple[str, str]], words: str, beside: str) -> None:
    """Runs are cut where a suggestion begins: words that follow one another with the same marks are one run."""
    if standing and standing[-1][1] == beside and words != "\n":
        words = standing.pop()[0] + words
    standing.append((words, beside))


def _note(view: _View, ident: str, piece: tuple[str, int, str, str]) -> None:
    held = view.suggestions.setdefault(ident, [])
    if held:
        kind, at, words, beside = held[-1]
        goes_on = at == piece[1] if kind == INSERTION else at + len(words) == piece[1]
        if kind == piece[0] and beside == piece[3] and goes_on:
            held[-1] = (kind, at, words + piece[2], beside)
            return
    held.append(piece)


def _opened(sections: list[Section], deletes: Deletes, own: Container[int]) -> list[tuple[Id, _Mark]]:
    """The marks that a stroke opens and that are not its sender's to open wherever they like.

    A mark that covers no words yet would cover what somebody writes there next. So none is opened that does not stand at
    words of its block, but beside what the sender put in: a client opens one again behind that.
    """
    gone, found = dict(deletes), []
    for client, clock, _end, structs in sections:
        for kind, length, origin, right, _parent, _key, content in structs:
            clock += length
            if kind != FORMAT or content[1] == "null":
                continue
            # Done and undone before it was sent.
            if any(start < clock <= stop for start, stop in gone.get(client, ())):
                continue
            name, value = content[0], json.loads(content[1])
            if name in MARKS:
                ident = ident_in({name: value}, name)
                mine = ident is None or client_of(ident) in own
                mark = ("", ident or "")
            else:
                mine = any(place is not None and place[0] in own for place in (origin, right))
                mark = (name, _written(value))
            if not mine:
                found.append(((client, clock - 1), mark))
    return found


def _named(idents: set[str]) -> set[_Mark]:
    return {("", ident) for ident in idents}


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)

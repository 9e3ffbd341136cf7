"""One draft of a redaction: its lives, what of each has to be rewritten, and how its text goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.db import session
from app.errors import MovedOn
from app.extensions import gettext as _
from drafts import checkpoints, document, log, packed_index
from drafts.appends import Row
from drafts.authorship import AuthorshipMismatch, RunTable
from drafts.child_work import clocks
from drafts.gate import RoomIndex
from drafts.grammar import GRAMMAR, Tree, blocks
from drafts.judged import StoredRow, take_in_all
from drafts.models import Checkpoint, Draft
from drafts.passage_search import Search
from drafts.passages import REMOVED, Passage
from drafts.reading import is_text
from drafts.redacted_bytes import Ranges, cut_in, deletion, without_words

__all__ = ["Life", "Text", "mark", "searched", "with_marks"]

# Where a mark of absence stands: the way to its text from the root, and the place in bytes.
Mark = tuple[tuple[int, ...], int]
NOTHING = b"\x00\x00"


@dataclass
class Life:
    """One life of a document: its rows, the checkpoints made of it, and what the search found."""

    search: Search
    rows: list[Row] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    first: int = 0

    @property
    def places(self) -> list[tuple[int, str]]:
        return self.search.places

    def rewritten_rows(self) -> Iterator[tuple[int, bytes]]:
        """The rows that change, as they will be."""
        search, unread = self.search, set(self.search.unread)
        for row in self.rows:
            if row.seq in unread:
                # It is part of no text; bytes that nobody can read are kept only while they say nothing.
                if search.passage.stands_in_bytes(row.update):
                    yield row.seq, NOTHING
                continue
            update = without_words(row.update, search.gone, search.passage, search.keys)
            if search.passage.stands_in_bytes(update):
                raise AssertionError(f"row {row.seq} still holds the words")
            if update != row.update:
                yield row.seq, update

    def rewritten_checkpoints(self) -> Iterator[tuple[int, Checkpoint | None]]:
        """The numbers of the checkpoints that change, and what takes their place; None where rows say the same."""
        for checkpoint in self.checkpoints:
            try:
                new, _marks = redacted_state(checkpoint, self.search)
            except (document.DocumentBroken, AuthorshipMismatch):
                if checkpoint.seq == self.first:
                    raise
                new = None
            if new is None or (new.state, new.authorship) != (checkpoint.state, checkpoint.authorship):
                yield checkpoint.seq, new


def redacted_state(checkpoint: Checkpoint, search: Search) -> tuple[Checkpoint, list[Mark]]:
    """A checkpoint without the words, the authors of all others as before; and where words went out of its text."""
    doc = document.replay(checkpoint.state, ())
    runs = RunTable.of(doc, checkpoint.authorship or None)
    parts = search.passage.parts()
    marks: list[Mark] = []
    gone = _known(search.gone, clocks(document.state_vector(doc)))
    root = document.content(doc)
    watching = root.observe_deep(lambda events: marks.extend(_holes(events)))
    runs.take_out(deletion(gone), lambda words: any(part in words for part in parts))
    root.unobserve(watching)
    state = document.state(
        document.replay(without_words(checkpoint.state, gone, search.passage, search.keys), ())
    )
    again = document.replay(state, ())
    if clocks(document.state_vector(again)) != clocks(document.state_vector(doc)):
        raise document.DocumentBroken("redaction: a clock has moved")
    table = RunTable.of(again, runs.encode(memory=True))
    made = checkpoints.of_state(
        checkpoint.draft_id,
        checkpoint.seq,
        checkpoint.history,
        state,
        table.encode(memory=True),
        packed_index.pack(RoomIndex.of(state)),
    )
    runs.close()
    table.close()
    if search.passage.stands_in_bytes(state):
        raise AssertionError(f"the checkpoint at {checkpoint.seq} still holds the words")
    return made, marks


def _known(gone: Ranges, known: dict[int, int]) -> Ranges:
    """What of the clocks a state has: beyond it, a deletion would wait for what is written later."""
    return {
        client: found
        for client, ranges in gone.items()
        if (found := list(cut_in(ranges, 0, known.get(client, 0))))
    }


def _holes(events: Sequence[Any]) -> Iterator[Mark]:
    """Where something went out of the texts, in places of the texts as they are now."""
    for event in events:
        if not is_text(event.target):
            continue
        place = 0
        for step in event.delta:
            if "delete" in step:
                yield tuple(event.path), place
            elif "retain" in step:
                place += int(step["retain"])
            else:
                place += len(str(step["insert"]).encode())


def with_marks(state: bytes, marks: Sequence[Mark], client_id: int) -> bytes:
    """The update, under this client id, that puts `REMOVED` where words went out of a text."""

    def write(root: Any) -> None:
        for path, place in sorted(marks, reverse=True):
            node = root
            for step in path:
                node = node.children[step]
            node.insert(place, REMOVED)

    return document.edit_update(document.replay(state, ()), client_id, write)


@dataclass
class Text:
    """A draft as it was searched. `head` is its text with authors as it stands, None for one in the bin."""

    draft_id: int
    history: str
    seq: int
    passage: Passage
    lives: list[Life]
    head: Checkpoint | None
    marks: list[Mark] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.head is not None

    @property
    def checkpoint_seqs(self) -> list[int]:
        return [checkpoint.seq for life in self.lives for checkpoint in life.checkpoints]

    @property
    def changes(self) -> bool:
        return any(life.search.gone for life in self.lives)

    def catch_up(self, draft: Draft | None) -> None:
        """Take in what was written since the search, under the lock of the draft, and end the search."""
        if draft is not None:
            if draft.history != self.history:
                raise MovedOn(_("Ce texte vient d’être réparé ou rétabli : recommencez."))
            if draft.head_seq > self.seq:
                self._take(log.rows(self.draft_id, self.seq, draft.head_seq))
        for life in self.lives:
            life.search.end()

    def _take(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self.lives[-1].search.take(row.seq, row.update)
        self.lives[-1].rows += rows
        assert self.head is not None
        doc = document.replay(self.head.state, ())
        runs = RunTable.of(doc, self.head.authorship)
        stored = [StoredRow(row.seq, row.person_id, row.update) for row in rows]
        if take_in_all(doc, RoomIndex.of(self.head.state), stored, runs=runs) is not None:
            raise document.DocumentBroken("redaction: a new row cannot be replayed")
        self.seq = rows[-1].seq
        self.head = _head(self.draft_id, self.seq, self.history, doc, runs)

    def begin_again(self, history: str) -> Checkpoint:
        """The checkpoint with which the text goes on under a new history; `marks` is then where words stood in it."""
        assert self.head is not None
        session().execute(
            sa.delete(Checkpoint).where(Checkpoint.draft_id == self.draft_id, Checkpoint.seq == self.seq)
        )
        self.head.history = history
        made, self.marks = redacted_state(self.head, self.lives[-1].search)
        return made


def searched(draft: Draft, passage: Passage) -> Text:
    """Search all lives of a draft up to its head. Takes a while: call it while reading.

    A document that was healed began again with a checkpoint to which no row leads: other blocks under clocks that may
    have been used before. So each life is searched, and rewritten, by itself.
    """
    kept = list(
        session().scalars(
            sa.select(Checkpoint).where(Checkpoint.draft_id == draft.id).order_by(Checkpoint.seq)
        )
    )
    firsts: dict[str, Checkpoint] = {}
    for checkpoint in kept:
        firsts.setdefault(checkpoint.history, checkpoint)
    starts = {checkpoint.seq: checkpoint for checkpoint in firsts.values()}
    lives = [Life(Search(passage))]
    for row in log.rows(draft.id, 0, draft.head_seq):
        lives[-1].search.take(row.seq, row.update)
        lives[-1].rows.append(row)
        if row.seq in starts:
            _maybe_another(lives, starts.pop(row.seq), passage)
    for checkpoint in kept:
        life = next(life for life in reversed(lives) if life.first <= checkpoint.seq)
        life.checkpoints.append(checkpoint)
    head = None
    if draft.trashed_at is None:
        loaded = log.load(draft.id)
        head = _head(draft.id, draft.head_seq, draft.history, loaded.doc, loaded.runs)
    return Text(draft.id, draft.history, draft.head_seq, passage, lives, head)


def _maybe_another(lives: list[Life], first: Checkpoint, passage: Passage) -> None:
    """Begin another life when this checkpoint is not what the rows so far say."""
    if clocks(document.state_vector(lives[-1].search.doc)) == clocks(
        document.state_vector(document.replay(first.state, ()))
    ):
        return
    lives.append(Life(Search(passage), first=first.seq))
    lives[-1].search.begin(first.seq, first.state)


def _head(draft_id: int, seq: int, history: str, doc: document.Doc, runs: RunTable) -> Checkpoint:
    return checkpoints.of_state(draft_id, seq, history, document.state(doc), runs.encode(memory=True), b"")


def mark(passage: Passage, tree: Tree, authors: Sequence[Sequence[int]]) -> list[list[int]]:
    """Authors of the words of a tree, as (characters, person), once the passage is out of it; the mark of its absence
    belongs to nobody (0)."""
    people = [person for size, person in authors for _place in range(size)]
    kept: list[int] = []
    at = 0
    for block in blocks(tree):
        if not GRAMMAR.nodes[block["type"]].holds_inline:
            continue
        letters = [
            letter
            for node in block.get("content", ())
            for letter in (node["text"] if node["type"] == "text" else [None])
        ]
        spans = passage.spans("".join("\n" if letter is None else letter for letter in letters))
        for place, letter in enumerate(letters):
            within = next((span for span in spans if span[0] <= place < span[1]), None)
            if within is None and letter is not None:
                kept += people[at : at + 1]
            elif within is not None and within[0] == place:
                kept += [0] * len(REMOVED)
            at += letter is not None
    told: list[list[int]] = []
    for person in kept:
        if told and told[-1][1] == person:
            told[-1][0] += 1
        else:
            told.append([1, person])
    return told

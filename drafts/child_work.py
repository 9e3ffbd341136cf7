"""What is done in a child under limits (`drafts.child`): trying a bulk update, opening a stored document.

python -m drafts.child_work SHARED_FILE MEMORY
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from drafts import child, document, packed_index, retelling, suggest_gate, whose
from drafts.authorship import AuthorshipMismatch, RunTable
from drafts.gate import GateRefusal, RoomIndex, check
from drafts.judged import BadRow, StoredRow, take_in_all
from drafts.suggest_places import Whereabouts

# What the check may add to the child's peak (KiB): the server will need as much again to apply the update.
_GROWTH_KIB = 300 * 1024
At = Callable[[int], None]
Answered = tuple[dict[str, Any], Sequence[bytes]]


def try_bulk(head: dict[str, Any], parts: list[bytes], _at: At) -> Answered:
    """Parts: state, update. Answers {} for yes, or {code, message}. `suggests`: the sender may only suggest."""
    import resource

    before, update = parts
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        index = RoomIndex.of(before) if before else RoomIndex()
        own = frozenset(head["clients"])
        accepted = check(index, update, own, bulk=True)
        try:
            doc = document.replay(before or None, ())
            if head["suggests"]:
                where = Whereabouts(index, accepted.news)
                suggest_gate.judge(document.replay(before or None, ()), doc, update, own, where)
            else:
                document.apply(doc, update)
            document.read_tree(doc)
            # What cannot be written out and loaded again would be lost at the next start.
            document.read_tree(document.replay(document.state(doc), ()))
        except document.DocumentBroken as error:
            raise GateRefusal("malformed", "the document did not survive the update") from error
    except GateRefusal as refusal:
        return {"code": refusal.code, "message": refusal.message}, ()
    except (MemoryError, RecursionError):
        return {"code": "too_large", "message": "the update needs too much memory"}, ()
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown > _GROWTH_KIB:
        return {"code": "too_large", "message": "the update needs too much memory"}, ()
    return {}, ()


def open_stored(head: dict[str, Any], parts: list[bytes], at: At) -> Answered:
    """Replay what is stored: parts are state, packed index, authorship (each may be empty) and the rows.

    Answers {seq, bad, stable, tree, left_out} and state, packed index, authorship, state vector. `bad` is the
    first row that could not be taken in; what is given is the document before it. `stable` says that the
    state, loaded again, is the same document: what a checkpoint and a joining client are made of.
    """
    base = Base(head, parts)
    left_out: list[int] | None = [] if head.get("leave_out") else None
    doc, _index, runs, bad = base.opened(at, left_out)
    at(-1)
    return _described(doc, runs, base.reached(bad), bad, left_out, head.get("with_index", True))


def who_wrote(head: dict[str, Any], parts: list[bytes], at: At) -> Answered:
    """Whose words a stored document holds: parts as for `open_stored`, and `places` by person in the head.

    Answers {seq, bad, shares: [[person, characters], …], cut} and the two texts of `whose.as_json`.
    """
    base = Base({**head, "authors": True}, parts)
    _doc, _index, runs, bad = base.opened(at)
    at(-1)
    assert runs is not None
    places = {int(person): place for person, place in head["places"].items()}
    told, read, cut = whose.as_json(whose.whose(runs), places)
    found = {
        "seq": base.reached(bad),
        "bad": None if bad is None else [bad.seq, bad.why],
        "shares": sorted(runs.shares().items()),
        "cut": cut,
    }
    return found, (told, read)


def begin_again(head: dict[str, Any], parts: list[bytes], at: At) -> Answered:
    """The same text in a document without a past, its words still their authors': for a new life of it.

    As `open_stored`, with `client`: the id under which everything is written. Structs that cross one another,
    or that a damaged row left half known, end here.
    """
    base = Base({**head, "authors": True}, parts)
    left_out: list[int] = []
    doc, _index, runs, bad = base.opened(at, left_out)
    if bad is not None:
        left_out += [row.seq for row in base.rows if row.seq >= bad.seq]
    at(-1)
    assert runs is not None
    written = document.seed_update(document.read_tree(doc), head["client"])
    fresh = document.replay(written, ())
    # One transaction: the run table finds the words again where they were cut out.
    with runs.recording(0), doc.transaction():
        root = document.content(doc)
        if len(root.children):
            del root.children[0 : len(root.children)]
        doc.apply_update(written)
    try:
        table = RunTable.of(fresh, runs.encode())
    except AuthorshipMismatch:
        table = RunTable.of(fresh)
    return _described(fresh, table, base.reached(None), None, left_out)


def retell(_head: dict[str, Any], parts: list[bytes], _at: At) -> Answered:
    """Parts: tree, spans and turns as JSON (`drafts.retelling`). Answers the updates, one for each turn."""
    tree, spans, turns = map(json.loads, parts)
    written = [retelling.Turn(*turn) for turn in turns]
    updates = retelling.told(tree, [retelling.Span(*span) for span in spans], written)
    if retelling.shares(updates, written) is None:
        return {"error": "the text told again does not pass the gate"}, ()
    return {}, updates


class Base:
    """What a request to open brings: a checkpoint, perhaps, and rows."""

    def __init__(self, head: dict[str, Any], parts: list[bytes]) -> None:
        self.state, self.index, self.authorship, blob = parts
        self.authors: bool = head["authors"]
        self.seq: int = head["seq"]
        self.rows = []
        start = 0
        for seq, person, size in head["rows"]:
            self.rows.append(StoredRow(seq, person, blob[start : start + size]))
            start += size

    def built(self) -> tuple[document.Doc, RoomIndex, RunTable | None]:
        if self.index:
            index = packed_index.unpack(self.index)
        else:
            # Reading it is what judges a state that nobody vouches for: no hostile kind of block gets past it.
            index = RoomIndex.of(self.state) if self.state else RoomIndex()
        doc = document.replay(self.state or None, ())
        runs = RunTable.of(doc, self.authorship or None) if self.authors else None
        return doc, index, runs

    def opened(
        self, at: At, left_out: list[int] | None = None
    ) -> tuple[document.Doc, RoomIndex, RunTable | None, BadRow | None]:
        """All that can be replayed, and the first row that could not be; `left_out` as for `take_in_all`."""
        doc, index, runs = self.built()
        bad = take_in_all(doc, index, self.rows, runs=runs, at=at, leave_out=left_out)
        if bad is not None and bad.half_done:
            if left_out is not None:
                left_out.clear()
            doc, index, runs = self.built()
            good = [row for row in self.rows if row.seq < bad.seq]
            take_in_all(doc, index, good, runs=runs, leave_out=left_out)
        return doc, index, runs, bad

    def reached(self, bad: BadRow | None) -> int:
        if bad is not None:
            return bad.seq - 1
        return self.rows[-1].seq if self.rows else self.seq


def _described(
    doc: document.Doc,
    runs: RunTable | None,
    seq: int,
    bad: BadRow | None,
    left_out: list[int] | None,
    with_index: bool = True,
) -> Answered:
    state, vector, tree = document.state(doc), document.state_vector(doc), document.read_tree(doc)
    again = document.replay(state, ())
    stable = document.read_tree(again) == tree and clocks(document.state_vector(again)) == clocks(vector)
    head = {
        "seq": seq,
        "bad": None if bad is None else [bad.seq, bad.why],
        "stable": stable,
        "tree": tree_digest(tree),
        "left_out": left_out or [],
    }
    authorship = runs.encode(memory=True) if runs is not None else b""
    index = packed_index.pack(RoomIndex.of(state)) if with_index else b""
    return head, (state, index, authorship, vector)


def tree_digest(tree: Any) -> str:
    """A fingerprint of a tree as it is read, for comparing two copies of one document."""
    written = json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def clocks(vector: bytes) -> dict[int, int]:
    """A state vector as numbers: for each client, the clock after its last."""
    numbers, value, shift = [], 0, 0
    for byte in vector:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(value)
            value = shift = 0
    return dict(zip(numbers[1::2], numbers[2::2], strict=True))


def answered(work: child.Work) -> child.Work:
    """What a document cannot be made of is an answer too: a child that ends on it would be called dead."""

    def answer(head: dict[str, Any], parts: list[bytes], at: At) -> Answered:
        try:
            return work(head, parts, at)
        except (GateRefusal, document.DocumentBroken, AuthorshipMismatch, ValueError) as error:
            return {"error": f"{type(error).__name__}: {error}"}, ()

    return answer


def say_hello(_head: dict[str, Any], _parts: list[bytes], _at: At) -> Answered:
    """That it is there: everything above was loaded, under its limits."""
    return {"there": True}, ()


WORKS: dict[str, child.Work] = {
    "hello": say_hello,
    "try_bulk": try_bulk,
    "open": answered(open_stored),
    "begin_again": answered(begin_again),
    "retell": answered(retell),
    "who_wrote": answered(who_wrote),
}


if __name__ == "__main__":
    shared, memory = map(int, sys.argv[1:])
    sys.exit(child.serve(WORKS, shared, memory))

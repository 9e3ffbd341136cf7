"""Words that somebody was writing into what a restoration took away at that very moment.

A stroke is known to be lost when its words are nowhere in the text as it arrives, or when the restoration took them out
although it was worked out before them. What they were is read in a second document, in which nobody restored anything.
They are put back as paragraphs of their own, near where they stood, under the name of who wrote them. Runs in the child
(`drafts.past_work`).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from sys import maxsize
from typing import Any

from drafts import document
from drafts.authorship import RunTable
from drafts.gate import RoomIndex
from drafts.judged import StoredRow, take_in_all
from drafts.reading import attributes_of, is_element, is_text
from drafts.telling import replayed
from drafts.yupdate import STRING, read_update

__all__ = ["Lost", "lost_words", "put_back"]


@dataclass(frozen=True)
class Lost:
    """The words of one block that are gone, in order, each with its person; `after` are the ids of the top-level
    blocks before it and of the one it stood in, the nearest first."""

    words: tuple[tuple[str, int], ...]
    after: tuple[str, ...]


def lost_words(
    doc: document.Doc,
    index: RoomIndex,
    rows: Sequence[StoredRow],
    ours: Sequence[tuple[int, int, int]],
    looked: int,
) -> list[Lost]:
    """What was lost of the rows after `looked`. `doc` and `index` are the text before the restorations, and are used up.

    `rows` are all those written since; `ours` say of each restoration on which number it was made, and which rows
    are its own.
    """
    gone = _swallowed(document.state(doc), rows, ours, looked)
    if not gone:
        return []
    people: list[int] = [0]
    marked: list[StoredRow] = []
    markers: set[int] = set()
    for row in rows:
        # What was written after the last lost word has nothing to say about where it stood.
        if _is_ours(row, ours) or row.seq > max(gone):
            continue
        people.append(row.person_id or 0)
        marked.append(StoredRow(row.seq, len(people) - 1, row.update))
        if row.seq in gone:
            markers.add(len(people) - 1)
    table = RunTable.of(doc)
    # Who had heard of the restoration writes on what it brought: not known here, and not lost.
    if take_in_all(doc, index, marked, runs=table, leave_out=[]) is not None:
        return []
    found: list[Lost] = []
    tops: list[str] = []
    runs = iter(table.runs())
    for top in document.content(doc).children:
        tops.insert(0, _name(top))
        for lines in _blocks_of_lines(top):
            words = [
                (said.replace("\x00", ""), people[raw])
                for _line in range(lines)
                for said, carried, raw in next(runs)
                # Old words that a stroke only sent anew (a paragraph cut in two) are not what was being written.
                if raw in markers and carried in markers
            ]
            if any(said.strip() for said, _person in words):
                found.append(Lost(tuple(words), tuple(tops)))
    table.close()
    return found


def _is_ours(row: StoredRow, ours: Sequence[tuple[int, int, int]]) -> bool:
    return any(first <= row.seq <= last for _base, first, last in ours)


def _blocks_of_lines(node: Any) -> Iterable[int]:
    """How many texts stand in each block below `node`, in document order."""
    if is_text(node):
        yield 1
        return
    if not is_element(node):
        return
    here = 0
    for child in node.children:
        if is_text(child):
            here += 1
            continue
        inner = list(_blocks_of_lines(child))
        if inner:
            if here:
                yield here
                here = 0
            yield from inner
    if here:
        yield here


def _swallowed(
    state: bytes, rows: Sequence[StoredRow], ours: Sequence[tuple[int, int, int]], looked: int
) -> set[int]:
    """The rows whose words found nowhere to stand as they came, or went with what a restoration took out unseen."""
    doc = document.replay(state, ())
    table = RunTable.of(doc)
    root = document.content(doc)
    arrived = 0

    def on_events(events: list[Any]) -> None:
        nonlocal arrived
        for event in events:
            for step in event.delta:
                arrived += _size(step["insert"]) if "insert" in step else 0

    subscription = root.observe_deep(on_events)
    found: set[int] = set()
    brought: dict[int, int] = {}
    for row in rows:
        arrived = 0
        with table.recording(row.seq):
            document.apply(doc, row.update)
        restoration = next((one for one in ours if one[1] <= row.seq <= one[2]), None)
        if restoration is not None:
            if row.seq == restoration[2]:
                left = _sent(table)
                found |= {
                    seq
                    for seq, size in brought.items()
                    if seq > restoration[0] and left.get(seq, 0) * 2 < size
                }
            continue
        size = _strings(row.update)
        if size and arrived * 2 < size:
            found.add(row.seq)
        elif size and any(base < row.seq < first for base, first, _last in ours):
            # It stands now; whether it will after the restoration is seen then. Words that somebody takes out
            # meanwhile are taken out in the other document as well.
            brought[row.seq] = arrived
    root.unobserve(subscription)
    table.close()
    return {seq for seq in found if seq > looked}


def _strings(update: bytes) -> int:
    sections, _deletes = read_update(update, maxsize, maxsize)
    return sum(struct[1] for section in sections for struct in section[3] if struct[0] == STRING)


def _size(inserted: Any) -> int:
    """How many letters an event of a text or of a block says that came."""
    if isinstance(inserted, str):
        return len(inserted)
    if isinstance(inserted, list):
        return sum(map(_size, inserted))
    if is_text(inserted):
        return len(inserted)
    return sum(map(_size, inserted.children)) if is_element(inserted) else 0


def _sent(table: RunTable) -> dict[int, int]:
    """How many letters each row still has in the text."""
    found: dict[int, int] = {}
    for line in table.runs():
        for words, _carried, raw in line:
            found[raw] = found.get(raw, 0) + len(words)
    return found


def put_back(
    doc: document.Doc, runs: RunTable, lost: Sequence[Lost], clients: Sequence[int]
) -> list[tuple[int, int, bytes]]:
    """The rows (person, client id, update) that bring the words back, each under the name of who wrote it.

    They put paragraphs in and touch nothing else: whoever goes on typing meanwhile, in whatever block, loses nothing
    to them. Raises DocumentBroken for rows that the gate would not let through.
    """
    idents = [secrets.token_urlsafe(12) for _one in lost]
    people = list(dict.fromkeys(person for one in lost for words, person in one.words if words))[
        : len(clients)
    ]
    copy = document.replay(document.state(doc), ())
    rows: list[tuple[int, int, bytes]] = []
    for turn, (person, client) in enumerate(zip(people, clients, strict=False)):
        there = set(people[: turn + 1])

        def edit(root: Any, person: int = person, there: set[int] = there, first: bool = turn == 0) -> None:
            made = _paragraphs(root, lost, idents) if first else _called(root, idents)
            for one, text in zip(lost, made, strict=True):
                at = 0
                for words, wrote in one.words:
                    # More people than there are ids: the words of the others come back as the first one's.
                    wrote = wrote if wrote in people else people[0]
                    if wrote == person:
                        text.insert(at, words, {})
                    if wrote in there:
                        at += len(words.encode())

        update = document.edit_update(copy, client, edit)
        document.apply(copy, update)
        rows.append((person, client, update))
    replayed(doc, runs, rows)
    return rows


def _paragraphs(root: Any, lost: Sequence[Lost], idents: Sequence[str]) -> list[Any]:
    """An empty paragraph for each, behind the nearest block that still stands, else at the beginning."""
    standing = {name: place for place, name in enumerate(map(_name, root.children)) if name}
    places = [next((standing[name] + 1 for name in one.after if name in standing), 0) for one in lost]
    made: dict[int, Any] = {}
    # From the end to the start, so that the places before stay true.
    for number in sorted(range(len(lost)), key=lambda number: (places[number], number), reverse=True):
        block = root.children.insert(places[number], document.Element("paragraph"))
        block.attributes["id"] = idents[number]
        made[number] = block.children.append(document.Text())
    return [made[number] for number in range(len(lost))]


def _called(root: Any, idents: Sequence[str]) -> list[Any]:
    found = {_name(child): child for child in root.children}
    return [found[ident].children[0] for ident in idents]


def _name(child: Any) -> str:
    return str(attributes_of(child).get("id") or "") if is_element(child) else ""

"""A text made to read as it did before, every word under the name of the person whose it is.

A log has one person for each row. So words that come back are written in turns: first, under the name of who asked,
what goes, what moves and which blocks come back; then each author's words where they stand. Which words stay where
they are is said letter by letter, so that nobody's is taken for somebody else's because it is the same word. Runs in
the child (`drafts.past_work`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from drafts import document, layout
from drafts.authorship import RunTable
from drafts.gate import RoomIndex
from drafts.grammar import GRAMMAR, Node, Tree, blocks, merge_runs, normalise, with_ids
from drafts.judged import StoredRow, take_in_all
from drafts.pairing import word_edits
from drafts.reading import attributes_of, is_element, is_text
from drafts.retelling import Span, spans_of, words_of

__all__ = ["Telling", "replayed", "tell"]

# People whose words are written by themselves; the words of those after them come back under who asked.
MOST_AUTHORS = 30
# Letters that are written at a time where a longer piece would be taken for a copy of somebody else's words:
# below what the table of authors knows again (authorship.WHOLE_RUN, carry.ELSEWHERE).
PIECE = 3
HERE = -1


@dataclass(frozen=True)
class Telling:
    """The rows to write, in order: (person, client id, update). `off`: letters that went to somebody else."""

    rows: tuple[tuple[int, int, bytes], ...]
    off: int


@dataclass(frozen=True)
class _Words:
    """The words of one block: where they begin among those of the whole text."""

    start: int
    text: str


def tell(
    doc: document.Doc,
    runs: RunTable,
    wanted: Tree,
    spans: Sequence[Span] | None,
    *,
    asked_by: int,
    clients: Sequence[int],
) -> Telling:
    """The rows after which `doc` reads as `wanted`, its words belonging to whom `spans` says.

    Without `spans` nobody knows: then what comes back belongs to who asked. Anchors of remarks follow the words
    that stay; those of the other text are left out. Each row has a client id of its own, from `clients`.
    """
    now = document.read_tree(doc)
    wanted = with_ids(normalise(wanted))
    whose = _people(wanted, spans, asked_by)
    now_whose = _people(now, spans_of(now, runs.runs()), HERE)
    here = _same_places(now, wanted)
    wanted = _with_remarks(wanted, now, here)
    stay = {
        place: source
        for place, source in here.items()
        if spans is None or now_whose[source] in (HERE, whose[place])
    }
    turns = _turns(whose, stay, asked_by)
    best: Telling | None = None
    for _attempt in range(3):
        told = _told(doc, now, wanted, stay, turns, asked_by, clients)
        wrong = _wrong(doc, runs, told.rows, whose)
        if spans is None:
            return told
        told = replace(told, off=len(wrong))
        if best is None or told.off < best.off:
            best = told
        if not wrong:
            break
        for place in wrong:
            stay.pop(place, None)
        turns = _turns(whose, stay, asked_by, in_pieces=wrong)
    assert best is not None
    return best


def _people(tree: Tree, spans: Sequence[Span] | None, otherwise: int) -> list[int]:
    """The person of every letter of a tree."""
    if spans is None:
        return [otherwise] * len(words_of(tree))
    found: list[int] = []
    for span in spans:
        found += [span.person] * span.characters
    return found


def _by_id(tree: Tree) -> dict[str, _Words]:
    """The blocks of words of a tree by their id."""
    found: dict[str, _Words] = {}
    at = 0
    for block in blocks(tree):
        if GRAMMAR.nodes[block["type"]].holds_inline:
            text = "".join(node.get("text", "") for node in block.get("content", ()))
            found.setdefault(block.get("attrs", {}).get("id", ""), _Words(at, text))
            at += len(text)
    return found


def _same_places(now: Tree, wanted: Tree) -> dict[int, int]:
    """Which letters of `wanted` stand there already: {place in wanted: place in now}."""
    held = _by_id(now)
    found: dict[int, int] = {}
    for ident, words in _by_id(wanted).items():
        before = held.get(ident)
        if before is None:
            continue
        at = place = 0
        edits = [*word_edits(before.text, words.text), (len(before.text), len(before.text), "")]
        for start, end, put in edits:
            same = start - at + _whole_words(before.text[start:end], put)
            for step in range(same):
                found[words.start + place + step] = before.start + at + step
            place += start - at + len(put)
            at = end
    return found


def _whole_words(old: str, new: str) -> int:
    """How many letters at the start of two pieces are the same whole words: a word comes with the space after it."""
    size = 0
    while size < min(len(old), len(new)) and old[size] == new[size]:
        size += 1
    while size and (old + " ")[size].isalnum() | (new + " ")[size].isalnum() and old[size - 1].isalnum():
        size -= 1
    return size


def _turns(
    whose: Sequence[int], stay: Mapping[int, int], asked_by: int, in_pieces: Sequence[int] = ()
) -> list[tuple[int, int]]:
    """(turn, person) of every letter: 0 for what stays; each author has a turn, and a second for pieces between."""
    shares = Counter(person for place, person in enumerate(whose) if place not in stay)
    order = [person for person, _count in shares.most_common() if person != asked_by][:MOST_AUTHORS]
    number = {person: 2 * place + 1 for place, person in enumerate([asked_by, *order])}
    turns = [
        (0, asked_by) if place in stay else (number.get(person, 1), person if person in number else asked_by)
        for place, person in enumerate(whose)
    ]
    for count, place in enumerate(in_pieces):
        if place not in stay and count // PIECE % 2:
            turns[place] = (turns[place][0] + 1, turns[place][1])
    return turns


def _told(
    doc: document.Doc,
    now: Tree,
    wanted: Tree,
    stay: Mapping[int, int],
    turns: Sequence[tuple[int, int]],
    asked_by: int,
    clients: Sequence[int],
) -> Telling:
    """The rows of all turns."""
    copy = document.replay(document.state(doc), ())
    rows: list[tuple[int, int, bytes]] = []
    ids = iter(clients)

    def write(person: int, tree: Tree, change: Any) -> None:
        client = next(ids)
        update = document.forward_update(copy, client, change, tree)
        if update:
            document.apply(copy, update)
            rows.append((person, client, update))

    base = _only(wanted, [turn == 0 for turn, _person in turns])
    kept = set(stay.values())
    held = _by_id(now)

    def begin(root: Any) -> None:
        _cut(root, held, kept, set())
        document.rewrite_blocks(root, base)

    write(asked_by, base, begin)
    written = {0}
    for turn, person in sorted({pair for pair in turns if pair[0]}):
        written.add(turn)
        before = [number in written and number != turn for number, _person in turns]
        after = [number in written for number, _person in turns]
        tree = _only(wanted, after)
        write(person, tree, _filler(wanted, before, after))
    return Telling(tuple(rows), 0)


def _only(tree: Tree, shown: Sequence[bool]) -> Tree:
    """The tree with the letters that are shown; all blocks stay."""
    at = 0

    def pruned(node: Node) -> Node:
        nonlocal at
        if node["type"] == "text":
            text = node["text"]
            mask = shown[at : at + len(text)]
            at += len(text)
            return {**node, "text": "".join(c for c, stays in zip(text, mask, strict=True) if stays)}
        if "content" not in node:
            return node
        return {**node, "content": [pruned(child) for child in node["content"]]}

    return normalise([pruned(node) for node in tree])


def _cut(parent: Any, held: Mapping[str, _Words], kept: set[int], seen: set[str]) -> None:
    """Take out, letter by letter, what does not stay in the blocks that are known by their id."""
    for child in parent.children:
        if not is_element(child):
            continue
        kind = GRAMMAR.nodes.get(child.tag or "")
        if kind is None or kind.leaf:
            continue
        if not kind.holds_inline:
            _cut(child, held, kept, seen)
            continue
        ident = attributes_of(child).get("id")
        words = held.get(ident) if isinstance(ident, str) and ident not in seen else None
        seen.add(str(ident))
        texts = [text for text in child.children if is_text(text)]
        if words is None or "".join(map(_plain, texts)) != words.text:
            continue
        at = words.start
        for text in texts:
            said = _plain(text)
            for start, end in reversed(list(_stretches([at + i not in kept for i in range(len(said))]))):
                del text[len(said[:start].encode()) : len(said[:end].encode())]
            at += len(said)


def _plain(text: Any) -> str:
    return "".join(words if isinstance(words, str) else "\x00" for words, _marks in text.diff())


def _stretches(mask: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """(start, end) of each run of what is marked."""
    start = None
    for place, marked in enumerate([*mask, False]):
        if marked and start is None:
            start = place
        elif not marked and start is not None:
            yield start, place
            start = None


def _filler(wanted: Tree, before: Sequence[bool], after: Sequence[bool]) -> Any:
    """What puts the letters of one turn where they stand, into a document that has those of the turns before."""
    at = 0

    def fill(parent: Any, nodes: Tree) -> None:
        nonlocal at
        elements = [child for child in parent.children if is_element(child)]
        for element, node in zip(elements, nodes, strict=True):
            if not GRAMMAR.nodes[node["type"]].holds_inline:
                fill(element, node.get("content", []))
                continue
            at = _fill_words(element, merge_runs(node.get("content", [])), before, after, at)

    return lambda root: fill(root, wanted)


def _fill_words(element: Any, inline: Tree, before: Sequence[bool], after: Sequence[bool], at: int) -> int:
    """Write into one block; returns the place of the next letter of the whole text."""
    # What stands between two leaves, wanted and held: the wanted runs with their places, the texts there.
    groups: list[list[tuple[Node, int]]] = [[]]
    for node in inline:
        if node["type"] == "text":
            groups[-1].append((node, at))
            at += len(node["text"])
        else:
            groups.append([])
    held: list[list[Any]] = [[]]
    edges = [0]
    for place, child in enumerate(element.children):
        if is_text(child):
            held[-1].append(child)
        else:
            held.append([])
            edges.append(place + 1)
    for group, texts, edge in reversed(list(zip(groups, held, edges, strict=True))):
        pieces = list(_pieces(group, before, after))
        if pieces and not texts:
            texts = [element.children.insert(edge, document.Text())]
        lengths = [len(_plain(text)) for text in texts]
        for offset, words, run in reversed(pieces):
            number = 0
            while number + 1 < len(texts) and offset > lengths[number]:
                offset -= lengths[number]
                number += 1
            target = texts[number]
            target.insert(len(_plain(target)[:offset].encode()), words, layout.formatting_of(run))
    return at


def _pieces(
    group: Sequence[tuple[Node, int]], before: Sequence[bool], after: Sequence[bool]
) -> Iterator[tuple[int, str, Node]]:
    """(place among the letters that are there, words, the run they belong to) of what one turn writes."""
    offset = 0
    for run, start in group:
        text = run["text"]
        there = [before[start + i] for i in range(len(text))]
        new = [after[start + i] and not there[i] for i in range(len(text))]
        reached = [0, *accumulate(there)]
        for first, end in _stretches([not stays for stays in there]):
            words = "".join(text[i] for i in range(first, end) if new[i])
            if words:
                yield offset + reached[first], words, run
        offset += reached[-1]


def _with_remarks(wanted: Tree, now: Tree, here: Mapping[int, int]) -> Tree:
    """The anchors of remarks as they stand at the words that stay, and no others."""
    anchors: list[list[Node]] = []
    for block in blocks(now):
        if GRAMMAR.nodes[block["type"]].holds_inline:
            for node in block.get("content", ()):
                marks = [mark for mark in node.get("marks", ()) if mark["type"] in GRAMMAR.beside]
                anchors += [marks] * len(node.get("text", ""))
    at = 0

    def marked(node: Node) -> Node:
        nonlocal at
        if "content" not in node:
            return node
        if not GRAMMAR.nodes[node["type"]].holds_inline:
            return {**node, "content": [marked(child) for child in node["content"]]}
        inline: Tree = []
        for child in node["content"]:
            if child["type"] != "text":
                inline.append(child)
                continue
            own = [mark for mark in child.get("marks", ()) if mark["type"] not in GRAMMAR.beside]
            for letter in child["text"]:
                marks = own + (anchors[here[at]] if at in here else [])
                inline.append({"type": "text", "text": letter, **({"marks": marks} if marks else {})})
                at += 1
        return {**node, "content": merge_runs(inline)}

    return normalise([marked(node) for node in wanted])


def _wrong(
    doc: document.Doc, runs: RunTable, rows: Sequence[tuple[int, int, bytes]], whose: Sequence[int]
) -> list[int]:
    """The letters that belong to somebody else when the rows are replayed as everybody will replay them.

    Raises DocumentBroken for rows that the gate would not let through.
    """
    copy, table = replayed(doc, runs, rows)
    tree = document.read_tree(copy)
    found = _people(tree, spans_of(tree, table.runs()), HERE)
    table.close()
    return [place for place, person in enumerate(whose) if found[place] not in (person, HERE)]


def replayed(
    doc: document.Doc, runs: RunTable, rows: Sequence[tuple[int, int, bytes]]
) -> tuple[document.Doc, RunTable]:
    """A copy of the document after the rows, each judged first. Raises DocumentBroken for what the gate refuses."""
    state = document.state(doc)
    copy = document.replay(state, ())
    table = RunTable.of(copy, runs.encode())
    stored = [StoredRow(place, person, update) for place, (person, _id, update) in enumerate(rows, 1)]
    bad = take_in_all(copy, RoomIndex.of(state), stored, runs=table)
    if bad is not None:
        raise document.DocumentBroken(f"telling: the gate refuses row {bad.seq}: {bad.why}")
    return copy, table

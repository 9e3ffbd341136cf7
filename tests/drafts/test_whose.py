"""Whose words each block holds: the same blocks, ids and words as the text is read with."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from drafts import whose
from drafts.authorship import RunTable
from drafts.document import Element, Text, apply, content, new_document, read_tree, seed_update
from drafts.grammar import GRAMMAR, blocks, inline_text
from tests.drafts.every_block import EVERY
from tests.drafts.test_authorship import FIXED, Seeded, paragraph


def words_of(runs: RunTable) -> list[tuple[str, str]]:
    """(block, its words) as the passages say it; forced line breaks stand between them."""
    found = []
    for held in whose.whose(runs):
        text, at = "", 0
        for start, words, _person in held.passages:
            text += "\n" * (start - at) + words
            at = start + whose.units(words)
        found.append((held.id, text))
    return found


def read(doc: Any) -> list[tuple[str, str]]:
    return [
        (block["attrs"]["id"], inline_text(block).rstrip("\n"))
        for block in blocks(read_tree(doc))
        if GRAMMAR.nodes[block["type"]].holds_inline and inline_text(block).strip("\n")
    ]


def test_every_block_of_the_grammar() -> None:
    doc = new_document()
    runs = RunTable.of(doc)
    with runs.recording(7):
        apply(doc, seed_update(EVERY, 3))
    assert words_of(runs) == read(doc)
    assert {passage.person for held in whose.whose(runs) for passage in held.passages} == {7}
    inside = {held.kind: held.within for held in whose.whose(runs) if held.within}
    assert inside["label"], "what a block stands in is told"


def test_places_count_as_the_editor_counts_them() -> None:
    room = Seeded("Un 🎉 deux")
    room.edit(4, lambda root: room.text(root).insert(len("Un 🎉".encode()), " quatre"))
    told, _read, cut = whose.as_json(whose.whose(room.runs), {4: 9})
    assert json.loads(told) == [["b0", [[0, 5, 0, 0], [5, 7, 4, 9], [12, 5, 0, 0]]]]
    assert not cut


def test_a_line_break_takes_a_place_and_is_nobodys() -> None:
    doc = new_document()
    runs = RunTable.of(doc)
    line = paragraph("a", "")
    line["content"] = [
        {"type": "text", "text": "un"},
        {"type": "hard_break"},
        {"type": "text", "text": "deux"},
    ]
    with runs.recording(3):
        apply(doc, seed_update([line], 5))
    told, _read, _cut = whose.as_json(whose.whose(runs), {})
    assert json.loads(told) == [["a", [[0, 2, 3, 0], [3, 4, 3, 0]]]]


def test_marks_do_not_part_the_words_of_one_person() -> None:
    room = Seeded("Un deux trois")
    room.edit(4, lambda root: room.text(root).format(3, 7, {"strong": {}}))
    assert [len(held.passages) for held in whose.whose(room.runs)] == [1]


def test_nothing_deleted_and_nothing_that_is_no_word_is_told() -> None:
    room = Seeded("Un secret.")
    room.edit(4, lambda root: room.text(root).__delitem__(slice(3, 9)))
    told, words, _cut = whose.as_json(whose.whose(room.runs), {})
    assert b"secret" not in told + words and words_of(room.runs) == [("b0", "Un .")]


def test_more_passages_than_anybody_looks_at_are_left_out(monkeypatch: Any) -> None:
    room = Seeded(*(f"Paragraphe {place}" for place in range(9)))
    monkeypatch.setattr(whose, "MOST_PASSAGES", 5)
    told, words, cut = whose.as_json(whose.whose(room.runs), {})
    assert cut and len(json.loads(told)) == len(json.loads(words)) == 5


STEP = st.tuples(
    st.sampled_from(["text", "block", "inside", "break", "words", "delete", "unknown", "same id"]),
    st.integers(0, 50),
    st.text("ab é🎉", min_size=1, max_size=6),
    st.sampled_from([1, 2, 3]),
)


@FIXED
@given(st.lists(STEP, max_size=20))
def test_the_same_blocks_as_are_read_however_a_document_is_made(
    steps: list[tuple[str, int, str, int]],
) -> None:
    """Words that stand among blocks, blocks inside words, ids that are doubled or missing: read the same way."""
    doc = new_document()
    runs = RunTable.of(doc)
    for number, (what, where, words, person) in enumerate(steps):
        with runs.recording(person), doc.transaction():
            put(content(doc), what, where, words, number)
        assert words_of(runs) == read(doc)
        assert runs.repairs == 0


def put(root: Any, what: str, where: int, words: str, number: int) -> None:
    parents = [root, *elements(root)]
    parent = parents[where % len(parents)]
    at = where % (len(parent.children) + 1)
    if what == "words":
        found = texts(root)
        if found:
            text = found[where % len(found)]
            text.insert(0, words)
    elif what == "delete" and len(parent.children):
        del parent.children[min(at, len(parent.children) - 1)]
    elif what == "text":
        parent.children.insert(at, Text(words))
    elif what == "break":
        parent.children.insert(at, Element("hard_break"))
    else:
        kinds = {"block": "paragraph", "inside": "note", "unknown": "marquee", "same id": "heading"}
        element = parent.children.insert(at, Element(kinds.get(what, "paragraph")))
        if what in ("block", "same id"):
            element.attributes["id"] = "same" if what == "same id" else f"i{number}"
            element.children.append(Text(words))


def elements(node: Any) -> list[Any]:
    found = []
    for child in node.children:
        if not isinstance(child, Text) and child.tag != "hard_break":
            found += [child, *elements(child)]
    return found


def texts(node: Any) -> list[Any]:
    found = []
    for child in node.children:
        found += [child] if isinstance(child, Text) else texts(child)
    return found

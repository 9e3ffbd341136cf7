"""A text told again in another document, each word under the name of the person whose it is.

A log has one person for each row. So a text of several people is written in turns: first its blocks without a word,
then each person's words where they stand. Replayed, it credits everybody as the first document did, and nobody's
words become second eyes for themselves. Runs in the child (`drafts.child_work`): a long text takes a second.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from drafts import document
from drafts.authorship import RunTable
from drafts.gate import RoomIndex
from drafts.grammar import GRAMMAR, Tree, blocks, normalise, with_ids
from drafts.judged import StoredRow, take_in_all


class Span(NamedTuple):
    """So many characters of the text, from its start on, are this person's."""

    characters: int
    person: int


class Turn(NamedTuple):
    """Who writes now, and under which client id."""

    person: int
    client_id: int


def spans_of(tree: Tree, runs: Sequence[Sequence[tuple[str, int, int]]]) -> list[Span] | None:
    """Whose words a tree holds, by the run table of the document it was read from.

    None when the table tells of other words than the tree: then nobody can say.
    """
    told = [(words.replace("\x00", ""), carried) for line in runs for words, carried, _raw in line]
    if "".join(words for words, _person in told) != words_of(tree):
        return None
    return [Span(len(words), person) for words, person in told if words]


def words_of(tree: Tree) -> str:
    """The words of a tree in document order, without anything between them."""
    return "".join(
        node.get("text", "")
        for block in blocks(tree)
        if GRAMMAR.nodes[block["type"]].holds_inline
        for node in block.get("content", ())
    )


def told(tree: Tree, spans: Sequence[Span], turns: Sequence[Turn]) -> list[bytes]:
    """One update for each turn that has something to write; the first writes the blocks.

    Raises DocumentBroken when the whole does not read as `tree`.
    """
    doc = document.new_document()
    found: list[bytes] = []
    people: set[int] = set()
    for turn in turns:
        people.add(turn.person)
        wanted = tree if turn is turns[-1] else _only(tree, spans, people)
        update = (
            document.rewrite_update(doc, wanted, turn.client_id)
            if found
            else document.seed_update(wanted, turn.client_id)
        )
        document.apply(doc, update or b"\x00\x00")
        found.append(update)
    if document.read_tree(doc) != with_ids(normalise(tree)):
        raise document.DocumentBroken("retelling: the document does not read as the text it was made from")
    return found


def _only(tree: Tree, spans: Sequence[Span], people: Collection[int]) -> Tree:
    """The tree with the words of some people alone. All blocks stay."""
    left = list(reversed(spans))

    def cut(text: str) -> str:
        kept = ""
        while text and left:
            span = left.pop()
            piece, text = text[: span.characters], text[span.characters :]
            if span.characters > len(piece):
                left.append(Span(span.characters - len(piece), span.person))
            if span.person in people:
                kept += piece
        return kept

    def pruned(node: dict[str, Any]) -> dict[str, Any]:
        if node["type"] == "text":
            return {**node, "text": cut(node["text"])}
        if "content" not in node:
            return node
        return {**node, "content": [pruned(child) for child in node["content"]]}

    return [pruned(node) for node in tree]


def shares(updates: Sequence[bytes], turns: Sequence[Turn]) -> dict[int, int] | None:
    """Characters by person when these rows are replayed as a log; None when they cannot be."""
    doc = document.new_document()
    table = RunTable.of(doc)
    rows = [
        StoredRow(seq, turn.person, update)
        for seq, (turn, update) in enumerate(zip(turns, updates, strict=True), 1)
        if update
    ]
    if take_in_all(doc, RoomIndex(), rows, runs=table) is not None:
        return None
    return table.shares()

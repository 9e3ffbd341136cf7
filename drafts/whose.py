"""Whose words each block of a document holds: the table of authors, told in places of the blocks that are read.

The blocks and their ids are those of `document.read_tree`, by the same reading: only that the words of a text come
with their authors where its marks would stand. Nothing that is not in the text is in the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from drafts.authorship import RunTable
from drafts.child import json_part
from drafts.grammar import GRAMMAR, Node, Tree, with_ids
from drafts.reading import read_blocks
from drafts.runs import Branch, Line, runs_of

# More passages than these are not told one by one: a text of 100,000 characters that several people wrote has some
# hundred. What they are counted by is not bounded.
MOST_PASSAGES = 20_000


class Passage(NamedTuple):
    """Words of one person in a block; a forced line break is nobody's and has no passage."""

    start: int
    words: str
    person: int


class Held(NamedTuple):
    """One block that holds words, the kinds of the blocks around it, and its passages in order."""

    id: str
    kind: str
    level: int | None
    within: tuple[str, ...]
    passages: tuple[Passage, ...]


def units(words: str) -> int:
    """The length as JavaScript and the editor count it (UTF-16)."""
    return len(words) + sum(sign > "\uffff" for sign in words)


def whose(runs: RunTable) -> list[Held]:
    """The blocks that hold words, in document order. Places are UTF-16 units of the block's text."""
    fragment, mirror = runs.mirrored()
    found = []
    for block, within in _with_surroundings(
        with_ids(read_blocks(_Shown(fragment, mirror), 0, _by_author)), ()
    ):
        passages, at = [], 0
        for run in block.get("content", ()):
            if run["type"] != "text":
                at += 1
                continue
            passages.append(Passage(at, run["text"], run["marks"]))
            at += units(run["text"])
        if passages:
            attrs = block.get("attrs", {})
            found.append(
                Held(attrs.get("id", ""), block["type"], attrs.get("level"), within, tuple(passages))
            )
    return found


def _with_surroundings(tree: Tree, within: tuple[str, ...]) -> Iterator[tuple[Node, tuple[str, ...]]]:
    for node in tree:
        kind = GRAMMAR.nodes[node["type"]]
        if kind.holds_inline:
            yield node, within
        else:
            yield from _with_surroundings(node.get("content", []), (*within, node["type"]))


def as_json(blocks: list[Held], places: Mapping[int, int]) -> tuple[bytes, bytes, bool]:
    """(passages without their words, passages with them, whether some were left out), as JSON.

    [[block, [[start, length, person, administration], …]], …] for the editor, which has the words, and
    [[kind, level, within, [[words, person], …]], …] for a page. `places`: the administration of each person; 0 is none.
    """
    told: list[Any] = []
    read: list[Any] = []
    left = MOST_PASSAGES
    for block in blocks:
        left -= len(block.passages)
        if left < 0:
            break
        told.append(
            [
                block.id,
                [
                    [start, units(words), person, places.get(person, 0)]
                    for start, words, person in block.passages
                ],
            ]
        )
        read.append(
            [
                block.kind,
                block.level,
                block.within,
                [[words, person] for _start, words, person in block.passages],
            ]
        )
    return json_part(told), json_part(read), left < 0


class _Shown:
    """An element beside its mirror, as the reading of blocks looks at it."""

    def __init__(self, element: Any, branch: Branch) -> None:
        self._element, self._branch = element, branch

    @property
    def children(self) -> list[Any]:
        return [
            _Words(mirror) if isinstance(mirror, Line) else _Element(child, mirror)
            for child, mirror in zip(self._element.children, self._branch.children, strict=True)
            if mirror is not None
        ]


class _Element(_Shown):
    @property
    def tag(self) -> str | None:
        tag: str | None = self._element.tag
        return tag

    @property
    def attributes(self) -> Any:
        return self._element.attributes


class _Words:
    """A text as its runs by author, (words, person) each."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def diff(self) -> list[tuple[str, int]]:
        found, at = [], 0
        for (carried, _raw), size in runs_of(self._line):
            # An embed is one NUL there, and no words.
            found.append((self._line.text[at : at + size].decode().replace("\x00", ""), carried))
            at += size
        return found


def _by_author(text: _Words) -> Tree:
    """Runs that have their author where others have their marks, so that those of one author are joined."""
    return [{"type": "text", "text": words, "marks": person} for words, person in text.diff() if words]

"""Suggestions as they stand in a text: runs of words with the mark `insertion` or `deletion`, and whose they are.

The id of a suggestion is `<client id>-<number>`: it begins with the client id under which it was made. The server
knows to whom each client id of a draft is registered, so that nobody can suggest under another's name and no table
of suggestions has to be kept in step with the text.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from drafts.grammar import GRAMMAR, Node, Tree, blocks

__all__ = [
    "DELETION",
    "INSERTION",
    "MARKS",
    "Suggestion",
    "client_of",
    "ident_in",
    "is_open",
    "suggestions_in",
]

INSERTION, DELETION = "insertion", "deletion"
MARKS = frozenset({INSERTION, DELETION})
_IDENT = re.compile(r"([1-9][0-9]{0,15})-[A-Za-z0-9]{1,15}")


def client_of(ident: str) -> int | None:
    """The client id a suggestion was made under; None for an id that no editor of ours writes."""
    found = _IDENT.fullmatch(ident)
    return int(found[1]) if found else None


def ident_in(formatting: Mapping[str, Any], mark: str) -> str | None:
    """The id that some words carry under this mark, from their formatting; None when they do not have the mark."""
    value = formatting.get(mark)
    if value is None:
        return None
    ident = value.get("id") if isinstance(value, Mapping) else None
    return ident if isinstance(ident, str) else ""


@dataclass(frozen=True)
class Suggestion:
    """One open suggestion: what it puts in, what it takes out, and the block it stands in (the first of several)."""

    ident: str
    block_id: str | None
    inserted: str
    deleted: str


def suggestions_in(tree: Tree) -> list[Suggestion]:
    """The open suggestions of a text in reading order."""
    found: dict[str, tuple[str | None, list[str], list[str]]] = {}
    for block in blocks(tree):
        if not GRAMMAR.nodes[block["type"]].holds_inline:
            continue
        for run in block.get("content", ()):
            held = _marks_of(run)
            # Words put in where somebody else takes out are the suggestion of who put them in.
            mark = INSERTION if INSERTION in held else DELETION if DELETION in held else None
            if mark is None:
                continue
            _, inserted, deleted = found.setdefault(held[mark], (block.get("attrs", {}).get("id"), [], []))
            (inserted if mark == INSERTION else deleted).append(run["text"])
    return [
        Suggestion(ident, block_id, "".join(inserted), "".join(deleted))
        for ident, (block_id, inserted, deleted) in found.items()
    ]


def is_open(content: Iterable[Node]) -> bool:
    """Whether words of a block wait for an answer."""
    return any(_marks_of(run) for run in content)


def _marks_of(run: Node) -> dict[str, str]:
    return {
        mark["type"]: mark.get("attrs", {}).get("id", "")
        for mark in run.get("marks") or ()
        if mark["type"] in MARKS
    }

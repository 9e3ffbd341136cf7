"""The canonical form of a text and its fingerprint: what a signature signs.

Described for other implementations in docs/canonical.md; the vectors in tests/vectors/canonical.json are read
by Python and by TypeScript. Form 1 is RFC 8785 JSON of the published projection of the block tree and of the
article's named fields. Old forms stay readable for ever: a change of the projection is a new number.
"""

import hashlib
import json
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any

import rfc8785

from drafts.grammar import (
    BLOCK_LEAVES,
    CONTAINERS,
    TOLD,
    Node,
    Tree,
    blocks,
    merge_runs,
    normalise,
    with_ids,
    without_beside,
)

CANON = 1
# The fields of the article that every scope covers, whatever blocks it names.
SCOPE_FIELDS = ("title", "lead", "territories", "cost", "delay")
# The field that holds the easy-to-read twin: of it, a scope covers the parts of its own blocks.
EASY = "easy"
SUGGESTION_MARKS = frozenset({"insertion", "deletion", "modification"})
# A cell may be empty: it keeps its place in the row.
CELLS = frozenset({"table_header", "table_cell"})
# Blocks that mean nothing without anything inside; a paragraph is a choice.
SHELLS = CONTAINERS - CELLS


class NotCanonical(ValueError):
    """A text that has no canonical form: an open suggestion, or a value that JSON cannot carry exactly."""


def canonical_bytes(tree: Tree, fields: Mapping[str, Any]) -> bytes:
    """The canonical form of a whole text, UTF-8.

    Raises NotCanonical for an open suggestion, a number outside ±2^53 or a lone surrogate.
    """
    return _encode({"canon": CANON, "fields": _fields(fields), "blocks": project(tree)})


def scope_bytes(tree: Tree, fields: Mapping[str, Any], block_ids: Collection[str] | None = None) -> bytes:
    """The canonical form of a scope: of the whole text when `block_ids` is None, else of the named blocks.

    Named blocks stand in document order with their contents, beside the lead blocks and the fields of
    SCOPE_FIELDS. An id that names no block of the tree is kept in `scope`, so that the fingerprint changes
    when a signed block disappears.
    """
    if block_ids is None:
        return canonical_bytes(tree, fields)
    wanted = frozenset(block_ids)
    everything = blocks(project(tree))
    named = [block for block in everything if block.get("attrs", {}).get("id") in wanted]
    lead = [block for block in everything if block["type"] == "lead"]
    typed = _fields(fields)
    kept = {name: value for name, value in typed.items() if name in SCOPE_FIELDS}
    if easy := _easy_parts(typed.get(EASY), [*lead, *named]):
        kept[EASY] = easy
    return _encode({"canon": CANON, "scope": sorted(wanted), "fields": kept, "lead": lead, "blocks": named})


def _easy_parts(easy: Any, covered: Tree) -> list[Any]:
    """The parts of the easy-to-read twin that belong to these blocks, or to blocks inside them."""
    ids = {block.get("attrs", {}).get("id") for block in blocks(covered)}
    return [part for part in easy or () if isinstance(part, dict) and part.get("block") in ids]


def fingerprint(canonical: bytes) -> str:
    """SHA-256 of a canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical).hexdigest()


def scope_fingerprint(tree: Tree, fields: Mapping[str, Any], block_ids: Collection[str] | None = None) -> str:
    """The fingerprint of a scope; of the whole text when no blocks are named."""
    return fingerprint(scope_bytes(tree, fields, block_ids))


def parse(canonical: bytes) -> tuple[Tree, dict[str, Any]]:
    """(tree, fields) of a canonical form of a whole text. Raises NotCanonical for anything else."""
    try:
        value = json.loads(canonical)
    except ValueError as error:
        raise NotCanonical("not JSON") from error
    if (
        not isinstance(value, dict)
        or value.get("canon") != CANON
        or set(value) != {"canon", "fields", "blocks"}
    ):
        raise NotCanonical("not a canonical text of form 1")
    return value["blocks"], value["fields"]


def project(tree: Tree) -> Tree:
    """The published projection: typed by the grammar, text in NFC, no remark anchors. Ids are kept as given.

    Raises NotCanonical when a suggestion is open.
    """
    _refuse_suggestions(tree)
    return [_compose(node) for node in without_beside(normalise(tree))]


def tidy(tree: Tree) -> Tree:
    """The tree as it is frozen: without anchors of remarks and without empty lists, steps, notes, tables and so on,
    an id on every block."""
    return with_ids(_without_shells(without_beside(normalise(tree))))


def _without_shells(tree: Tree) -> Tree:
    kept: Tree = []
    for node in tree:
        if node["type"] in CONTAINERS:
            inner = _without_shells(node.get("content", []))
            if node["type"] in SHELLS and not any(_says_something(child) for child in inner):
                continue
            node = {key: value for key, value in node.items() if key != "content"}
            if inner:
                node["content"] = inner
        kept.append(node)
    return kept


def _says_something(node: Node) -> bool:
    """Whether anything would be lost with the block: words anywhere in it, the cells of a table, a reference."""
    if node["type"] in CELLS or node["type"] in BLOCK_LEAVES or node["type"] == "table_row":
        return True
    if any(name not in ("id", "decorative") for name in node.get("attrs", {})) and node["type"] in TOLD:
        return True
    return any(
        child["type"] == "text" and child["text"].strip() or child["type"] not in ("text", "hard_break")
        for child in node.get("content", ())
    )


def _refuse_suggestions(tree: Tree) -> None:
    stack = list(tree)
    while stack:
        node = stack.pop()
        for mark in node.get("marks") or ():
            if str(mark.get("type", "")).split("--", 1)[0] in SUGGESTION_MARKS:
                raise NotCanonical("a suggestion is still open")
        stack.extend(node.get("content") or ())


def _compose(node: Node) -> Node:
    composed = {key: _nfc(value) for key, value in node.items() if key != "content"}
    if "content" in node:
        composed["content"] = merge_runs([_compose(child) for child in node["content"]])
    return composed


def _fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields in NFC, those without a value left out."""
    return {_nfc(name): _nfc(value) for name, value in fields.items() if value is not None}


def _nfc(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {_nfc(key): _nfc(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_nfc(inner) for inner in value]
    return value


def _encode(value: Any) -> bytes:
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise NotCanonical(str(error)) from error

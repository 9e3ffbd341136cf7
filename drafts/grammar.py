"""The one grammar of a text, read from `schema.json`, and the typing of what a document holds by it.

The editor reads the same file. Everything here copes with any value a peer may have put into a document:
what the grammar does not know is left out, what has the wrong type becomes the default.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Node = dict[str, Any]
Tree = list[Node]


@dataclass(frozen=True)
class Attribute:
    """One attribute of a node or mark: its type by the grammar, its default, its allowed values."""

    name: str
    type: str
    default: Any
    values: tuple[Any, ...] = ()
    pattern: re.Pattern[str] | None = None
    longest: int = 2000

    def cast(self, value: Any) -> Any:
        """The value typed by the grammar; the default for whatever does not fit."""
        if self.type == "integer":
            if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
                return self.default
            if value in (float("inf"), float("-inf")) or int(value) != value:
                return self.default
            value = int(value)
        elif (
            not isinstance(value, str)
            or len(value) > self.longest
            or self.pattern is not None
            and not self.pattern.fullmatch(value)
        ):
            return self.default
        if self.values and value not in self.values:
            return self.default
        return value


@dataclass(frozen=True)
class NodeType:
    """One kind of node: where it may stand, whether it holds text or blocks, its attributes."""

    name: str
    inline: bool
    leaf: bool
    holds_inline: bool
    attributes: Mapping[str, Attribute]

    @property
    def has_id(self) -> bool:
        """Whether remarks, differences and scopes can name a block of this kind."""
        return "id" in self.attributes


@dataclass(frozen=True)
class Grammar:
    """The grammar: `schema` is its number, `fragment` the name of the shared root.

    Marks of `beside` stand at words without being a part of the text (anchors of remarks), and several of them
    may stand at the same words.
    """

    schema: int
    fragment: str
    nodes: Mapping[str, NodeType]
    marks: Mapping[str, Mapping[str, Attribute]]
    beside: frozenset[str] = frozenset()

    def type_node_attributes(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The known attributes of a node, typed, those equal to their default left out."""
        return _typed(self.nodes[name].attributes, given)

    def type_marks(self, given: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        """Marks of one run from its formatting attributes, sorted by name, then by what they say.

        A key may carry y-prosemirror's suffix for marks that overlap themselves (`remark--hash`); unknown
        marks are left out, as is a mark whose value says that it is absent.
        """
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for key in sorted(given or {}):
            name = key.split("--", 1)[0]
            value = (given or {})[key]
            if name not in self.marks or value is None or value is False:
                continue
            attrs = _typed(self.marks[name], value if isinstance(value, Mapping) else {})
            which = json.dumps(attrs, sort_keys=True) if name in self.beside else ""
            found.setdefault((name, which), {"type": name, "attrs": attrs} if attrs else {"type": name})
        return [found[name] for name in sorted(found)]


def _typed(known: Mapping[str, Attribute], given: Mapping[str, Any]) -> dict[str, Any]:
    typed = {}
    for name, attribute in known.items():
        if given.get(name) is None:
            continue
        value = attribute.cast(given[name])
        if value != attribute.default:
            typed[name] = value
    return typed


def load(path: Path) -> Grammar:
    """The grammar written in the JSON file at `path`."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    types = raw["types"]

    def attribute(name: str, spec: Mapping[str, Any]) -> Attribute:
        type_ = types.get(spec["type"], {})
        return Attribute(
            name=name,
            type=spec["type"],
            default=spec["default"],
            values=tuple(spec.get("values", ())),
            pattern=re.compile(type_["pattern"].strip("^$")) if "pattern" in type_ else None,
            longest=type_.get("max", 2000),
        )

    return Grammar(
        schema=raw["schema"],
        fragment=raw["fragment"],
        nodes={
            name: NodeType(
                name=name,
                inline=spec.get("inline", False),
                leaf=spec.get("leaf", False),
                holds_inline=spec.get("content") in ("inline*", "text*"),
                attributes={key: attribute(key, value) for key, value in spec.get("attrs", {}).items()},
            )
            for name, spec in raw["nodes"].items()
        },
        marks={
            name: {key: attribute(key, value) for key, value in spec.get("attrs", {}).items()}
            for name, spec in raw["marks"].items()
        },
        beside=frozenset(name for name, spec in raw["marks"].items() if spec.get("beside", False)),
    )


GRAMMAR = load(Path(__file__).with_name("schema.json"))
# Blocks that hold blocks: no words of their own stand in them.
CONTAINERS = frozenset(
    name
    for name, kind in GRAMMAR.nodes.items()
    if name != "doc" and not kind.inline and not kind.leaf and not kind.holds_inline
)
# Blocks that hold nothing: what they show is what they refer to.
BLOCK_LEAVES = frozenset(name for name, kind in GRAMMAR.nodes.items() if kind.leaf and not kind.inline)
# What blocks of words say beside them.
TOLD = {"legal": "number", "image": "alt"}
# Parts that begin with their short title.
LABELLED = frozenset({"step", "question", "situation", "definition"})


def is_block(name: str | None) -> bool:
    """Whether `name` is a block of the grammar (not inline, not the document itself)."""
    kind = GRAMMAR.nodes.get(name or "")
    return kind is not None and not kind.inline and name != "doc"


def merge_runs(runs: Tree) -> Tree:
    """Inline content with empty runs dropped and adjacent runs of equal marks joined into one."""
    merged: Tree = []
    for run in runs:
        if run["type"] == "text":
            if not run["text"]:
                continue
            last = merged[-1] if merged else None
            if last is not None and last["type"] == "text" and last.get("marks") == run.get("marks"):
                merged[-1] = {**last, "text": last["text"] + run["text"]}
                continue
        merged.append(run)
    return merged


def without_beside(tree: Tree) -> Tree:
    """The tree without the marks that stand at words and are no part of the text (anchors of remarks)."""
    cleaned: Tree = []
    for node in tree:
        if "content" in node:
            inner = without_beside(node["content"])
            is_text = GRAMMAR.nodes[node["type"]].holds_inline if node["type"] in GRAMMAR.nodes else False
            node = {**node, "content": merge_runs(inner) if is_text else inner}
        if any(mark["type"] in GRAMMAR.beside for mark in node.get("marks", ())):
            kept = [mark for mark in node["marks"] if mark["type"] not in GRAMMAR.beside]
            node = {key: value for key, value in node.items() if key != "marks"}
            if kept:
                node["marks"] = kept
        cleaned.append(node)
    return cleaned


def normalise(tree: Tree) -> Tree:
    """The tree as the grammar would have it: known nodes, attributes and marks only, typed, defaults left out.

    Inline content standing among blocks is put into a paragraph; blocks inside a text block give it their
    words; a leaf holds nothing. Ids are left as they are.
    """
    found: Tree = []
    stray: Tree = []

    def close() -> None:
        runs = merge_runs(stray)
        stray.clear()
        if runs:
            found.append({"type": "paragraph", "content": runs})

    for node in tree:
        if not is_block(node.get("type")):
            stray.extend(_normalise_inline([node]))
            continue
        close()
        clean: Node = {"type": node["type"]}
        attrs = GRAMMAR.type_node_attributes(node["type"], node.get("attrs") or {})
        if attrs:
            clean["attrs"] = attrs
        inner = (node.get("content") or []) if node["type"] not in BLOCK_LEAVES else []
        inner = (
            merge_runs(_normalise_inline(inner))
            if GRAMMAR.nodes[node["type"]].holds_inline
            else normalise(inner)
        )
        if inner:
            clean["content"] = inner
        found.append(clean)
    close()
    return found


def _normalise_inline(inline: Tree) -> Tree:
    runs: Tree = []
    for node in inline:
        if node.get("type") == "text":
            run: Node = {"type": "text", "text": str(node.get("text", ""))}
            marks = GRAMMAR.type_marks(
                {
                    # Marks that overlap themselves are told apart by what they say.
                    f"{mark['type']}--{place}": mark.get("attrs", {})
                    for place, mark in enumerate(node.get("marks") or ())
                }
            )
            if marks:
                run["marks"] = marks
            runs.append(run)
        elif is_block(node.get("type")):
            runs.extend(_normalise_inline(node.get("content") or []))
        elif node.get("type") in GRAMMAR.nodes and GRAMMAR.nodes[node["type"]].leaf:
            runs.append({"type": node["type"]})
    return runs


def with_ids(tree: Tree) -> Tree:
    """The same tree in which every block has an id of its own.

    The first block in document order keeps a doubled id. The others, and blocks without any, get one derived
    from what stands before them, so that everybody who reads the same document derives the same ids and
    typing inside a block does not change its id.
    """
    taken = {block["attrs"]["id"] for block in blocks(tree) if block.get("attrs", {}).get("id")}
    seen: set[str] = set()
    before = ""

    def derive(origin: str, kind: str) -> str:
        for attempt in range(1_000_000):
            name = "d" + hashlib.sha256(f"{origin}\x00{kind}\x00{attempt}".encode()).hexdigest()[:12]
            if name not in taken:
                taken.add(name)
                return name
        raise AssertionError("a million derived ids are taken")

    def repair(node: Node) -> Node:
        nonlocal before
        kind = GRAMMAR.nodes.get(node["type"])
        if kind is not None and kind.has_id:
            attrs = dict(node.get("attrs", {}))
            given = attrs.get("id")
            if not given or given in seen:
                attrs["id"] = derive(given or before, node["type"])
            seen.add(attrs["id"])
            before = attrs["id"]
            node = {**node, "attrs": {"id": attrs.pop("id"), **attrs}}
        if node.get("content") and (kind is None or not kind.holds_inline):
            node = {**node, "content": [repair(child) for child in node["content"]]}
        return node

    return [repair(node) for node in tree]


def with_fresh_ids(tree: Tree) -> Tree:
    """The same tree in which every block has a new id, as one has who was just written."""

    def renewed(node: Node) -> Node:
        kind = GRAMMAR.nodes.get(node["type"])
        if kind is None or not kind.has_id:
            return node
        attrs = {**node.get("attrs", {}), "id": secrets.token_urlsafe(12)}
        node = {**node, "attrs": {"id": attrs.pop("id"), **attrs}}
        if node.get("content") and not kind.holds_inline:
            node = {**node, "content": [renewed(child) for child in node["content"]]}
        return node

    return [renewed(node) for node in tree]


def blocks(tree: Tree) -> "list[Node]":
    """Every block of the tree in document order, parents before children."""
    found: list[Node] = []
    stack = list(reversed(tree))
    while stack:
        node = stack.pop()
        if is_block(node.get("type")):
            found.append(node)
            stack.extend(reversed(node.get("content", ())))
    return found


def inline_text(node: Node) -> str:
    """The words of one block that holds text; a forced line break is a newline."""
    return "".join(
        child.get("text", "") if child["type"] == "text" else "\n" for child in node.get("content", ())
    )


def parted_label(node: Node) -> "tuple[Node | None, Tree]":
    """The short title of a part and what follows it. A label that stands anywhere else is one block of many."""
    content: Tree = node.get("content", [])
    if node["type"] in LABELLED and content and content[0]["type"] == "label":
        return content[0], content[1:]
    return None, content


def plain_text(tree: Tree) -> str:
    """The words of a tree, one line for each block that holds text, without marks.

    What a reader is told beside the words is there too: the number of a legal text, the alternative text of an
    image. What a reference shows is not: it belongs to the directory.
    """
    lines = []
    for block in blocks(tree):
        if GRAMMAR.nodes[block["type"]].holds_inline:
            parts = [inline_text(block), block.get("attrs", {}).get(TOLD.get(block["type"], ""), "")]
            lines.append(", ".join(part for part in parts if part))
    return "\n".join(lines)


def passages(tree: Tree) -> dict[str, str]:
    """The words of each block that somebody can remark on, by its id, in reading order."""
    return {
        ident: words
        for block in blocks(tree)
        if GRAMMAR.nodes[block["type"]].holds_inline
        and (ident := block.get("attrs", {}).get("id"))
        and (words := inline_text(block)).strip()
    }

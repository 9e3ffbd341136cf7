"""How a tree is laid into the shared types of a document, and how what lies there already is changed into it.

Blocks that are equal are not touched, blocks of the same id and kind are edited in place word by word, so that
authors survive where the words do.
"""

from collections.abc import Sequence
from typing import Any

from pycrdt import XmlElement, XmlFragment, XmlText

from drafts.grammar import GRAMMAR, Node, Tree, is_block, merge_runs, without_beside
from drafts.mark_keys import key_of
from drafts.pairing import pair_blocks, word_edits
from drafts.reading import attributes_of, read_block

__all__ = ["append_node", "formatting_of", "rewrite_children", "text_runs"]


def append_node(parent: XmlFragment | XmlElement, node: Node) -> None:
    _insert_node(parent, len(parent.children), node)


def _insert_node(parent: XmlFragment | XmlElement, index: int, node: Node) -> None:
    element = parent.children.insert(index, XmlElement(node["type"]))
    for name, value in _written_attributes(node).items():
        element.attributes[name] = value
    kind = GRAMMAR.nodes[node["type"]]
    if kind.holds_inline:
        _append_inline(element, node.get("content", []))
    else:
        for child in node.get("content", ()):
            append_node(element, child)


def _written_attributes(node: Node) -> dict[str, Any]:
    """What y-prosemirror writes: every attribute of the kind but those that are null, defaults included."""
    given = node.get("attrs", {})
    written = {}
    for name, attribute in GRAMMAR.nodes[node["type"]].attributes.items():
        value = given.get(name, attribute.default)
        if value is not None:
            written[name] = value
    return written


def _append_inline(element: XmlElement, inline: Tree) -> None:
    for runs in text_runs(inline):
        if isinstance(runs, str):
            element.children.append(XmlElement(runs))
            continue
        text = element.children.append(XmlText())
        end = 0
        for run in runs:
            # An empty mapping, unlike none, keeps the marks of the words before from running on.
            text.insert(end, run["text"], formatting_of(run))
            end += len(run["text"].encode())


def text_runs(inline: Tree) -> "list[list[Node] | str]":
    """Inline content cut into what becomes one XmlText each, and the names of leaves between them."""
    parts: list[list[Node] | str] = []
    for run in merge_runs(inline):
        if run["type"] != "text":
            parts.append(run["type"])
        elif parts and isinstance(parts[-1], list):
            parts[-1].append(run)
        else:
            parts.append([run])
    return parts


def formatting_of(run: Node) -> dict[str, Any]:
    formatting: dict[str, Any] = {}
    for mark in run.get("marks", ()):
        known = GRAMMAR.marks[mark["type"]]
        given = mark.get("attrs", {})
        attrs = {name: given.get(name, known[name].default) for name in known}
        formatting[key_of(mark["type"], attrs)] = attrs
    return formatting


def rewrite_children(parent: XmlFragment | XmlElement, wanted: Sequence[Node]) -> None:
    children = list(parent.children)
    # What each child reads as; None for what is not exactly one block as written (stray text, unknown nodes).
    held = [
        without_beside([read_block(child, 0)])[0]
        if isinstance(child, XmlElement) and _is_clean(child)
        else None
        for child in children
    ]
    pairs = pair_blocks(held, wanted)
    # From the end to the start, so that indices before the place of work stay true.
    next_old = len(children)
    for target in range(len(wanted) - 1, -1, -1):
        old = pairs.get(target)
        if old is None:
            _insert_node(parent, next_old, wanted[target])
            continue
        if next_old - old > 1:
            del parent.children[old + 1 : next_old]
        child = children[old]
        if held[old] != wanted[target] and isinstance(child, XmlElement):
            _rewrite_block(child, wanted[target])
        next_old = old
    if next_old > 0:
        del parent.children[0:next_old]


def _is_clean(element: XmlElement) -> bool:
    """Whether the element and all below it are laid out as y-prosemirror would: no stray, unknown or odd part."""
    if not is_block(element.tag):
        return False
    kind = GRAMMAR.nodes[element.tag or ""]
    if kind.leaf:
        return not len(element.children)
    for child in element.children:
        if isinstance(child, XmlText):
            if not kind.holds_inline:
                return False
        elif isinstance(child, XmlElement):
            inner = GRAMMAR.nodes.get(child.tag or "")
            if (
                inner is None
                or inner.inline != kind.holds_inline
                or (not inner.inline and not _is_clean(child))
            ):
                return False
    return True


def _rewrite_block(element: XmlElement, wanted: Node) -> None:
    written = _written_attributes(wanted)
    now = attributes_of(element)
    typed = GRAMMAR.type_node_attributes(wanted["type"], now)
    aim = GRAMMAR.type_node_attributes(wanted["type"], written)
    for name in GRAMMAR.nodes[wanted["type"]].attributes:
        if typed.get(name) == aim.get(name):
            continue
        if name in written:
            element.attributes[name] = written[name]
        elif name in now:
            del element.attributes[name]
    if not GRAMMAR.nodes[wanted["type"]].holds_inline:
        rewrite_children(element, wanted.get("content", ()))
        return
    parts = text_runs(wanted.get("content", []))
    children = list(element.children)
    shape = [child.tag if isinstance(child, XmlElement) else list for child in children]
    if shape == [part if isinstance(part, str) else list for part in parts]:
        for child, part in zip(children, parts, strict=True):
            if isinstance(child, XmlText) and isinstance(part, list):
                _rewrite_text(child, part)
    else:
        if children:
            del element.children[0 : len(children)]
        _append_inline(element, wanted.get("content", []))


def _rewrite_text(text: XmlText, runs: Sequence[Node]) -> None:
    segments = text.diff()
    if any(not isinstance(words, str) for words, _ in segments):
        text.clear()
        segments = []
    before = "".join(words for words, _ in segments)
    after = "".join(run["text"] for run in runs)
    for start, end, words in reversed(word_edits(before, after)):
        at = len(before[:start].encode())
        stop = at + len(before[start:end].encode())
        if stop > at:
            del text[at:stop]
        if words:
            text.insert(at, words, {})
    _reformat(text, runs)


def _reformat(text: XmlText, runs: Sequence[Node]) -> None:
    """Set the marks of a text whose words are right already, only where they differ."""
    edges = {0}
    at = 0
    now: list[tuple[int, dict[str, Any]]] = []
    for words, formatting in text.diff():
        now.append((at, formatting or {}))
        at += len(words.encode())
        edges.add(at)
    at = 0
    aim: list[tuple[int, list[Node], dict[str, Any]]] = []
    for run in runs:
        aim.append((at, run.get("marks", []), formatting_of(run)))
        at += len(run["text"].encode())
        edges.add(at)
    changes: list[tuple[int, int, dict[str, Any]]] = []
    ordered = sorted(edges)
    i = j = 0
    for start, end in zip(ordered, ordered[1:], strict=False):
        while i + 1 < len(now) and now[i + 1][0] <= start:
            i += 1
        while j + 1 < len(aim) and aim[j + 1][0] <= start:
            j += 1
        # What stands beside the text is neither compared nor taken away.
        names = {key: key.split("--", 1)[0] for key in now[i][1]}
        held = {key: value for key, value in now[i][1].items() if names[key] not in GRAMMAR.beside}
        if GRAMMAR.type_marks(held) == aim[j][1]:
            continue
        wanted: dict[str, Any] = {
            key: None for key in held if names[key] in GRAMMAR.marks and key not in aim[j][2]
        }
        wanted.update(aim[j][2])
        changes.append((start, end, wanted))
    for start, end, wanted in changes:
        text.format(start, end, wanted)

"""Reading the shared types of a document as blocks.

Written against their shape (a text has `diff`, an element has a `tag` and `children`), because pycrdt is imported
by `drafts.document` alone.
"""

from collections.abc import Callable
from typing import Any

from drafts.grammar import BLOCK_LEAVES, GRAMMAR, Node, Tree, is_block, merge_runs

# How deep a reader follows a document. The gate lets 32 levels through.
DEPTH = 64
# How the words of one text are read: `read_text`, or with something else beside them than their marks.
Words = Callable[[Any], Tree]


def is_text(node: Any) -> bool:
    """Whether a shared type is an XmlText."""
    return hasattr(node, "diff")


def is_element(node: Any) -> bool:
    """Whether a shared type is an XmlElement."""
    return hasattr(node, "tag")


def read_text(text: Any) -> Tree:
    """The runs of one XmlText; what is not words (an embed) is left out."""
    runs: Tree = []
    for words, formatting in text.diff():
        if not isinstance(words, str) or not words:
            continue
        run: Node = {"type": "text", "text": words}
        marks = GRAMMAR.type_marks(formatting)
        if marks:
            run["marks"] = marks
        runs.append(run)
    return runs


def read_blocks(parent: Any, depth: int, words: Words = read_text) -> Tree:
    """The blocks below a fragment or element; stray inline content is put into paragraphs."""
    found: Tree = []
    stray: Tree = []

    def close() -> None:
        runs = merge_runs(stray)
        stray.clear()
        if runs:
            found.append({"type": "paragraph", "content": runs})

    for child in parent.children:
        if is_text(child):
            stray.extend(words(child))
        elif is_element(child):
            kind = GRAMMAR.nodes.get(child.tag or "")
            if kind is not None and kind.inline and kind.leaf:
                stray.append({"type": kind.name})
            elif is_block(child.tag) and depth < DEPTH:
                close()
                found.append(read_block(child, depth, words))
    close()
    return found


def read_block(element: Any, depth: int, words: Words = read_text) -> Node:
    """One element of the grammar's as a block, whatever it holds."""
    name = element.tag or ""
    node: Node = {"type": name}
    attrs = GRAMMAR.type_node_attributes(name, attributes_of(element))
    if attrs:
        node["attrs"] = attrs
    if name in BLOCK_LEAVES:
        return node
    inner = (
        merge_runs(read_inline(element, depth, words))
        if GRAMMAR.nodes[name].holds_inline
        else read_blocks(element, depth + 1, words)
    )
    if inner:
        node["content"] = inner
    return node


def attributes_of(element: Any) -> dict[str, Any]:
    """The attributes of an element as they are held; whole numbers come back as floats."""
    pairs: Any = element.attributes
    return dict(iter(pairs))


def read_inline(element: Any, depth: int, words: Words = read_text) -> Tree:
    """The runs and leaves of a block that holds text, with the words of blocks that stand inside it."""
    runs: Tree = []
    for child in element.children:
        if is_text(child):
            runs.extend(words(child))
        elif is_element(child):
            kind = GRAMMAR.nodes.get(child.tag or "")
            if kind is not None and kind.inline and kind.leaf:
                runs.append({"type": kind.name})
            elif is_block(child.tag) and depth < DEPTH:
                runs.extend(read_inline(child, depth + 1, words))
    return runs

"""The living document of a draft: the only place that touches pycrdt for reading and writing a text.

A document is a Yjs document whose root fragment is named `content`. Offsets into its texts are UTF-8 bytes.
The layout is y-prosemirror's: a block is an XmlElement with attributes, each run of inline text is one
XmlText whose formatting attributes are the marks, an inline leaf (a forced line break) stands between two
XmlTexts as an XmlElement.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from drafts.grammar import GRAMMAR, Node, Tree, is_block, merge_runs, normalise, plain_text, with_ids
from drafts.pairing import pair_blocks, word_edits
from drafts.reading import attributes_of, read_block, read_blocks

__all__ = [
    "GRAMMAR",
    "Doc",
    "DocumentBroken",
    "Element",
    "Fragment",
    "apply",
    "content",
    "diff",
    "new_document",
    "plain_text",
    "read_tree",
    "replay",
    "rewrite_update",
    "seed_update",
    "state",
    "state_vector",
    "Text",
]

# The shared types under the names that the rest of the room uses.
Element: TypeAlias = XmlElement
Fragment: TypeAlias = XmlFragment
Text: TypeAlias = XmlText


class DocumentBroken(Exception):
    """Bytes that pycrdt refuses or dies on. The document they were applied to must be thrown away.

    `row` is the place of the bytes in the log that was replayed, None outside a replay.
    """

    def __init__(self, message: str, row: int | None = None) -> None:
        super().__init__(message)
        self.row = row


def new_document(client_id: int | None = None) -> Doc:
    """An empty document, in which `content` is declared."""
    doc: Doc = Doc(client_id=client_id) if client_id is not None else Doc()
    content(doc)
    return doc


def content(doc: Doc) -> XmlFragment:
    """The root fragment of the text."""
    return doc.get(GRAMMAR.fragment, type=XmlFragment)


def apply(doc: Doc, update: bytes) -> None:
    """Apply one update in a transaction of its own.

    Raises DocumentBroken when pycrdt refuses it or panics; a failed apply is not atomic, so the document is
    then to be thrown away and loaded from the log.
    """
    _guarded(lambda: doc.apply_update(update), "update")


def _guarded(act: Callable[[], Any], what: str) -> Any:
    try:
        return act()
    except BaseException as error:
        # pycrdt's PanicException is a BaseException; a time-out or the end of the process must go through.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise DocumentBroken(f"{what}: {type(error).__name__}: {error}") from error
        raise


def replay(state: bytes | None, updates: Iterable[bytes]) -> Doc:
    """The document of a checkpoint and the log rows after it.

    Each row has a transaction of its own: in one transaction, or merged, loading is quadratic (40,000 strokes:
    0.36 s against 8 s). Raises DocumentBroken with the index of the row that could not be applied.
    """
    doc = new_document()
    if state is not None:
        apply(doc, state)
    for row, update in enumerate(updates):
        try:
            apply(doc, update)
        except DocumentBroken as error:
            raise DocumentBroken(str(error), row) from error
    return doc


def state(doc: Doc) -> bytes:
    """The whole document as one update. Structs that wait for a missing base are not in it."""
    result: bytes = _guarded(lambda: doc.get_update(), "state")
    return result


def state_vector(doc: Doc) -> bytes:
    """What the document holds of each client, for asking a peer for the rest."""
    result: bytes = _guarded(lambda: doc.get_state(), "state vector")
    return result


def diff(doc: Doc, state_vector: bytes) -> bytes:
    """What a peer with that state vector lacks. Always carries the whole delete set."""
    result: bytes = _guarded(lambda: doc.get_update(state_vector or b"\x00"), "diff")
    return result


# Reading


def read_tree(doc: Doc) -> Tree:
    """The text as a block tree: typed by the grammar, defaults left out, equal runs merged, ids repaired.

    What the grammar does not know is left out; inline content that stands where blocks should is put into a
    paragraph, blocks that stand inside a text block give their words to it: nothing readable is lost.
    """
    return with_ids(_read_raw(doc))


def _read_raw(doc: Doc) -> Tree:
    with doc.transaction():
        return read_blocks(content(doc), 0)


# Writing


def seed_update(tree: Tree, client_id: int) -> bytes:
    """One update that writes `tree` into an empty document under the given client id.

    To be applied once: applied twice under two ids it doubles the text. Blocks without an id get a derived one.
    """
    doc = new_document(client_id)
    with doc.transaction():
        for node in with_ids(normalise(tree)):
            _append_node(content(doc), node)
    return state(doc)


def rewrite_update(doc: Doc, tree: Tree, client_id: int) -> bytes:
    """A forward edit under the given client id that makes the document read as `tree`.

    Blocks that are equal already are not touched, blocks of the same id and kind are edited in place word by
    word, so that authors survive where the words do. `doc` itself is left as it is. `b""` when there is
    nothing to change.
    """
    wanted = with_ids(normalise(tree))
    copy = new_document(client_id)
    apply(copy, state(doc))
    before = state_vector(copy)
    emitted: list[bytes] = []
    subscription = copy.observe(lambda event: emitted.append(event.update))
    with copy.transaction():
        _rewrite_children(content(copy), wanted)
    copy.unobserve(subscription)
    if read_tree(copy) != wanted:
        raise DocumentBroken("rewrite: the document does not read as the tree that was asked for")
    if not emitted:
        return b""
    # The event's own update is small; the difference by state vector carries the whole delete set. The event's
    # is used where it is seen to do the work.
    if len(emitted) == 1 and emitted[0]:
        trial = new_document()
        apply(trial, state(doc))
        apply(trial, emitted[0])
        if read_tree(trial) == wanted:
            return emitted[0]
    return diff(copy, before)


def _append_node(parent: XmlFragment | XmlElement, node: Node) -> None:
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
            _append_node(element, child)


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
    for runs in _text_runs(inline):
        if isinstance(runs, str):
            element.children.append(XmlElement(runs))
            continue
        text = element.children.append(XmlText())
        end = 0
        for run in runs:
            # An empty mapping, unlike none, keeps the marks of the words before from running on.
            text.insert(end, run["text"], _formatting(run))
            end += len(run["text"].encode())


def _text_runs(inline: Tree) -> "list[list[Node] | str]":
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


def _formatting(run: Node) -> dict[str, Any]:
    formatting: dict[str, Any] = {}
    for mark in run.get("marks", ()):
        known = GRAMMAR.marks[mark["type"]]
        given = mark.get("attrs", {})
        formatting[mark["type"]] = {name: given.get(name, known[name].default) for name in known}
    return formatting


def _rewrite_children(parent: XmlFragment | XmlElement, wanted: Sequence[Node]) -> None:
    children = list(parent.children)
    # What each child reads as; None for what is not exactly one block as written (stray text, unknown nodes).
    held = [
        read_block(child, 0) if isinstance(child, XmlElement) and _is_clean(child) else None
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
        _rewrite_children(element, wanted.get("content", ()))
        return
    parts = _text_runs(wanted.get("content", []))
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
        aim.append((at, run.get("marks", []), _formatting(run)))
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
        if GRAMMAR.type_marks(now[i][1]) == aim[j][1]:
            continue
        wanted: dict[str, Any] = {
            key: None for key in now[i][1] if key.split("--", 1)[0] in GRAMMAR.marks and key not in aim[j][2]
        }
        wanted.update(aim[j][2])
        changes.append((start, end, wanted))
    for start, end, wanted in changes:
        text.format(start, end, wanted)

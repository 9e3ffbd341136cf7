"""The living document of a draft: the only place that touches pycrdt for reading and writing a text.

A document is a Yjs document whose root fragment is named `content`. Offsets into its texts are UTF-8 bytes.
The layout is y-prosemirror's: a block is an XmlElement with attributes, each run of inline text is one
XmlText whose formatting attributes are the marks, an inline leaf (a forced line break) stands between two
XmlTexts as an XmlElement.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from drafts.grammar import (
    GRAMMAR,
    Tree,
    normalise,
    plain_text,
    with_ids,
    without_beside,
)
from drafts.layout import append_node, rewrite_children
from drafts.reading import read_blocks

__all__ = [
    "GRAMMAR",
    "Doc",
    "DocumentBroken",
    "Element",
    "Fragment",
    "apply",
    "content",
    "diff",
    "edit_update",
    "forward_update",
    "new_document",
    "plain_text",
    "read_tree",
    "replay",
    "rewrite_blocks",
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
            append_node(content(doc), node)
    return state(doc)


def edit_update(doc: Doc, client_id: int, edit: Callable[[XmlFragment], object]) -> bytes:
    """A forward edit under the given client id: what `edit` does to the root of a copy, as one update.

    `doc` itself is left as it is. `b""` when nothing was changed.
    """
    before_edit = state(doc)
    copy = new_document(client_id)
    apply(copy, before_edit)
    before = state_vector(copy)
    emitted: list[bytes] = []
    subscription = copy.observe(lambda event: emitted.append(event.update))
    with copy.transaction():
        edit(content(copy))
    copy.unobserve(subscription)
    if not emitted:
        return b""
    # The event's own update is small; the difference by state vector carries the whole delete set. The event's
    # is used where it is seen to do the work.
    if len(emitted) == 1 and emitted[0]:
        trial = new_document()
        apply(trial, before_edit)
        apply(trial, emitted[0])
        if read_tree(trial) == read_tree(copy):
            return emitted[0]
    return diff(copy, before)


def rewrite_update(doc: Doc, tree: Tree, client_id: int) -> bytes:
    """A forward edit under the given client id that makes the document read as `tree`.

    Blocks that are equal already are not touched, blocks of the same id and kind are edited in place word by
    word, so that authors survive where the words do. So do the anchors of remarks, which are no part of a text:
    those of `tree` are not written. `b""` when there is nothing to change.
    """
    wanted = without_beside(with_ids(normalise(tree)))
    return forward_update(doc, client_id, lambda root: rewrite_children(root, wanted), wanted)


def rewrite_blocks(root: XmlFragment, wanted: Tree) -> None:
    """What `rewrite_update` does, inside a `forward_update` that does more; `wanted` is normalised, with ids."""
    rewrite_children(root, without_beside(wanted))


def forward_update(doc: Doc, client_id: int, change: Callable[[XmlFragment], None], wanted: Tree) -> bytes:
    """The update of what `change` does to the root of a copy of `doc`, written under the given client id.

    `b""` when it does nothing. Raises DocumentBroken when the copy does not read as `wanted` afterwards, apart
    from the anchors of remarks, which stay with the words that stay.
    """
    text = without_beside(wanted)

    def edit(root: XmlFragment) -> None:
        change(root)
        if without_beside(with_ids(read_blocks(root, 0))) != text:
            raise DocumentBroken("rewrite: the document does not read as the tree that was asked for")

    return edit_update(doc, client_id, edit)

"""What is done to a file that somebody brings, in a child under limits (`drafts.child`): known, bounded, read.

python -m drafts.exchange.work SHARED_FILE MEMORY

The one place where the readers run. Before the first byte is looked at the child gives up what reading does not need
(`drafts.exchange.fence`). What goes back is plain: a tree of the grammar, pictures as they lay in the file, what was lost.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from drafts import child
from drafts.child import json_part
from drafts.exchange import fence
from drafts.exchange.paper import Brought, Format, Loss, Refused
from drafts.exchange.sniff import sniff
from drafts.grammar import GRAMMAR, Tree, blocks, normalise, plain_text, without_beside

__all__ = ["MODULES", "Reader", "bounded", "reads_with", "serve"]

Reader = Callable[[bytes], Brought]
# Where the `read` of each format stands.
MODULES: Mapping[Format, str] = {
    Format.DOCX: "drafts.exchange.docx_in",
    Format.ODT: "drafts.exchange.odt_in",
    Format.MARKDOWN: "drafts.exchange.markdown_in",
    Format.HTML: "drafts.exchange.html_in",
}
# An article of the portal has 30 blocks; a collection of 200 pages that somebody cuts into articles has 4,000. What is
# larger does not fit through the door of a draft in one piece (`drafts.gate.BULK`).
MOST_BLOCKS = 4_000
MOST_CHARACTERS = 400_000
# Lists in lists in tables: seven is the most that a person has been seen to write.
DEEPEST = 20
# Pictures of one file: each takes a part of a second to be made anew.
MOST_PICTURES = 60
LARGEST_PICTURE = 10 * 1024 * 1024
LARGEST_PICTURES = 20 * 1024 * 1024
MOST_LOSSES = 100
LONGEST_WORDS = 120
LONGEST_TITLE = 200


def reads_with(readers: Mapping[Format, Reader] | None = None) -> child.Work:
    """The work `read`: the head has the `name` of the file, the part its bytes.

    Answers {format, title, losses: [[code, count, words]…], pictures: [key…]} with the tree and the pictures, or {code}.
    """

    def read(
        head: dict[str, Any], parts: list[bytes], _at: Callable[[int], None]
    ) -> tuple[dict[str, Any], Sequence[bytes]]:
        fence.put_up()
        try:
            kind = sniff(parts[0], head["name"])
            found = bounded(_reader(kind, readers)(parts[0]))
        except Refused as refusal:
            return {"code": str(refusal)}, ()
        except MemoryError:
            return {"code": "too_long"}, ()
        except RecursionError:
            return {"code": "too_deep"}, ()
        except Exception:
            # Readers of bad bytes raise whatever their libraries do: KeyError, ValueError, lxml's and zlib's own.
            return {"code": "broken"}, ()
        losses = [[loss.code, loss.count, loss.words] for loss in found.losses]
        answer = {"format": kind, "title": found.title, "losses": losses, "pictures": list(found.pictures)}
        return answer, (json_part(found.tree), *found.pictures.values())

    return read


def _reader(kind: Format, readers: Mapping[Format, Reader] | None) -> Reader:
    if readers is not None:
        return readers[kind]
    read: Reader = import_module(MODULES[kind]).read
    return read


def bounded(brought: Brought) -> Brought:
    """What a reader brought, as a draft can take it: in the grammar, not too long, its pictures counted and weighed."""
    if _depth(brought.tree) > DEEPEST:
        raise Refused("too_deep")
    tree = without_beside(normalise(brought.tree))
    if len(blocks(tree)) > MOST_BLOCKS or len(plain_text(tree)) > MOST_CHARACTERS:
        raise Refused("too_long")
    losses = [Loss(loss.code[:40], loss.count, loss.words[:LONGEST_WORDS]) for loss in brought.losses]
    shown = [key for block in blocks(tree) if (key := block.get("attrs", {}).get("image"))]
    pictures: dict[str, bytes] = {}
    left = LARGEST_PICTURES
    missing = too_many = too_large = 0
    for key in dict.fromkeys(shown):
        content = brought.pictures.get(key)
        if not content:
            missing += 1
        elif len(pictures) >= MOST_PICTURES:
            too_many += 1
        elif len(content) > min(LARGEST_PICTURE, left):
            too_large += 1
        else:
            pictures[key] = content
            left -= len(content)
    losses += [Loss("picture_missing", missing)] if missing else []
    losses += [Loss("picture_too_many", too_many)] if too_many else []
    losses += [Loss("picture_too_large", too_large)] if too_large else []
    title = " ".join(brought.title.split())[:LONGEST_TITLE]
    return Brought(title, without_images(tree, pictures), pictures, tuple(losses[:MOST_LOSSES]))


def _depth(tree: Tree) -> int:
    deepest, level = 0, list(tree)
    while level and deepest <= DEEPEST:
        level = [child for node in level for child in node.get("content") or ()]
        deepest += 1
    return deepest


def without_images(tree: Tree, kept: Mapping[str, object]) -> Tree:
    """The tree without the images that are not among `kept`; the caption of one that goes stays as a paragraph."""
    found: Tree = []
    for node in tree:
        if node["type"] == "image" and node.get("attrs", {}).get("image") not in kept:
            if node.get("content"):
                found.append({"type": "paragraph", "content": node["content"]})
            continue
        if node.get("content") and not GRAMMAR.nodes[node["type"]].holds_inline:
            node = {**node, "content": without_images(node["content"], kept)}
        found.append(node)
    return found


def serve(readers: Mapping[Format, Reader] | None = None) -> int:
    """Answer the parent until it closes the line; the arguments are those of `drafts.child`."""
    shared, memory = map(int, sys.argv[1:])
    return child.serve({"read": reads_with(readers)}, shared, memory)


if __name__ == "__main__":
    sys.exit(serve())

"""How much a version changes: whether it is a minor correction of what the public reads (editorial model, section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drafts import canonical
from drafts.compare import BlockChange, Change, compare
from drafts.contributions import Tally
from drafts.grammar import BLOCK_LEAVES, Tree
from drafts.review_models import Revision, Size

# Characters moved: taken away, added, or put elsewhere (editorial model, section 4).
SMALL = 200
_COME_OR_GONE = (Change.ADDED, Change.REMOVED)
# What these show is not their words.
WORDLESS = BLOCK_LEAVES | {"image"}
# What every signature covers, and who gives one: a change of these is never a detail.
WEIGHTY = (*canonical.SCOPE_FIELDS, canonical.EASY, "lead_administration", "competent_administrations")


def size_of(
    tree: Tree,
    fields: Mapping[str, Any],
    difference: Sequence[Tally],
    live: Revision | None,
    *,
    said_minor: bool,
) -> Size:
    """The size of a text about to be frozen. Without a public page to correct there is no minor correction.

    Counted twice: what people did since the live edition, and how the two texts differ. A draft that began from an
    edition before the live one would otherwise undo what was published since and call it a detail.
    """
    if live is None:
        return Size.MAJOR
    if _is_small(tree, fields, difference, live):
        return Size.MINOR
    return Size.SAID_MINOR if said_minor else Size.MAJOR


def _is_small(tree: Tree, fields: Mapping[str, Any], difference: Sequence[Tally], live: Revision) -> bool:
    # First what costs nothing to ask.
    if sum(tally.inserted + tally.deleted for tally in difference) > SMALL:
        return False
    before = canonical.parse(live.canonical)[1]
    if any(before.get(name) != fields.get(name) for name in WEIGHTY):
        return False
    changes = compare(live.tree, tree)
    # A contact, a service or an image that comes or goes has no characters to count, and is no attribute either.
    if any(_kind(change) in WORDLESS for change in changes if change.change in _COME_OR_GONE):
        return False
    return moved(changes) <= SMALL


def _kind(change: BlockChange) -> str | None:
    return change.type_after or change.type_before


def moved(changes: Iterable[BlockChange]) -> int:
    """Characters taken away, added, or put elsewhere."""
    return sum(
        len(stretch.text)
        for block in changes
        for stretch in block.stretches
        if block.moved or stretch.change in _COME_OR_GONE
    )

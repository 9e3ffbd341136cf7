"""Three texts beside one another, block by block: what the public reads, what is signed, and the draft as it moves on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from markupsafe import Markup

from app.extensions import gettext as _
from drafts import moments
from drafts.card_queries import references_in
from drafts.compare import BlockChange, Change
from drafts.compare_page import render_changes
from drafts.field_changes import FieldChange, field_changes
from drafts.models import Draft
from drafts.moments import NOW
from drafts.review_models import Revision

# Rows that a page shows; texts that differ in more are other texts.
MOST_ROWS = 300


class View(StrEnum):
    """Which comparison, as the address of the review page says it."""

    READ = ""
    DRAFT = "brouillon"
    THREE = "trois"


@dataclass(frozen=True)
class Row:
    """One block on its way. None where it does not stand in either text of a step."""

    first: BlockChange | None
    second: BlockChange | None

    @property
    def differs(self) -> bool:
        return _differs(self.first) or _differs(self.second)


@dataclass(frozen=True)
class ShownRow:
    """A row as HTML; `same` says how many blocks without a difference were left out before it."""

    first: Markup
    second: Markup
    same: int


@dataclass(frozen=True)
class Comparison:
    """`rows` for three texts, `changes` for two. `is_cut`: there are more differences than a page shows."""

    view: View
    everything: bool
    rows: tuple[ShownRow, ...] = ()
    left_over: int = 0
    changes: Markup | None = None
    first_fields: tuple[FieldChange, ...] = ()
    second_fields: tuple[FieldChange, ...] = ()
    is_cut: bool = False
    is_broken: bool = False


def aligned(first: Sequence[BlockChange], second: Sequence[BlockChange]) -> list[Row]:
    """The steps of both differences by the block of the middle text; what stands in one only has a row of its own."""
    rows = [Row(change, None) for change in first]
    place = {
        change.block_id: number
        for number, change in enumerate(first)
        if change.block_id is not None and change.change is not Change.REMOVED
    }
    after: dict[int, list[Row]] = {}
    at = -1
    for change in second:
        known = (
            place.get(change.former_id or change.block_id or "")
            if change.change is not Change.ADDED
            else None
        )
        if known is None:
            after.setdefault(at, []).append(Row(None, change))
        else:
            rows[known] = replace(rows[known], second=change)
            at = known
    return [*after.get(-1, []), *(found for n, row in enumerate(rows) for found in (row, *after.get(n, [])))]


def comparison(
    draft: Draft, revision: Revision, live: Revision | None, view: View, everything: bool
) -> Comparison:
    """What the page shows of a view. Call it while reading: long texts are compared by the child of the past.

    Raises Unavailable while too many ask.
    """
    now = moments.moment(draft, NOW)
    second = moments.between(revision.tree, now.tree)
    moved = field_changes(revision.title, revision.fields, draft.title, draft.fields)
    if view is View.DRAFT or live is None:
        known = references_in(draft, revision.tree, now.tree)
        kept, is_cut = _bounded([Row(None, change) for change in second], everything)
        changes = [row.second for row in kept if row.second is not None]
        return Comparison(
            View.DRAFT,
            everything,
            changes=render_changes(changes, known, collapse=not everything),
            second_fields=moved,
            is_cut=is_cut,
            is_broken=now.is_broken,
        )
    known = references_in(draft, live.tree, revision.tree, now.tree)
    rows, is_cut = _bounded(aligned(moments.between(live.tree, revision.tree), second), everything)
    shown, left_over = [], 0
    for row in rows:
        if not (everything or row.differs):
            left_over += 1
            continue
        first = (
            render_changes([row.first], known)
            if row.first is not None
            else _absent(_("Pas dans la version figée"))
        )
        then = (
            render_changes([row.second], known)
            if row.second is not None
            else _absent(_("Plus dans la version figée"))
        )
        shown.append(ShownRow(first, then, left_over))
        left_over = 0
    return Comparison(
        view,
        everything,
        rows=tuple(shown),
        left_over=left_over,
        first_fields=field_changes(live.title, live.fields, revision.title, revision.fields),
        second_fields=moved,
        is_cut=is_cut,
        is_broken=now.is_broken,
    )


def _absent(words: str) -> Markup:
    return Markup('<p class="meta">{}</p>').format(words)


def _differs(change: BlockChange | None) -> bool:
    return change is not None and (change.change is not Change.SAME or change.moved)


def _bounded(rows: Sequence[Row], everything: bool) -> tuple[list[Row], bool]:
    """As many rows as a page shows, and whether there are more."""
    kept: list[Row] = []
    left = MOST_ROWS
    for row in rows:
        counts = everything or row.differs
        if counts and not left:
            return kept, True
        left -= counts
        kept.append(row)
    return kept, False

"""Where the twin of a draft stands: each part beside the words it was written for, and what a freeze takes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from app.db import session
from app.extensions import ngettext
from drafts.easy_models import EasyDeed, EasyPart, EasyTwin
from drafts.easy_text import Passage, Signed, passages_of
from drafts.findings import Code, Finding
from drafts.grammar import Tree
from drafts.models import Draft


class State(StrEnum):
    """`stale` if and only if the words of the block are not those the part was written for."""

    TO_WRITE = "to_write"
    UP_TO_DATE = "up_to_date"
    STALE = "stale"
    # The block is not in the text any more; its easy words are kept until somebody decides.
    GONE = "gone"


@dataclass(frozen=True)
class Placed:
    """A block with the part that counts for it: `passage` is None when the block is gone, `part` when none was written."""

    passage: Passage | None
    part: EasyPart | None

    @property
    def state(self) -> State:
        if self.passage is None:
            return State.GONE
        if self.part is None:
            return State.TO_WRITE
        return State.UP_TO_DATE if self.part.source_digest == self.passage.digest else State.STALE


def current(draft_id: int) -> dict[str, EasyPart]:
    """The version that counts of each block that has one; what was put away is none."""
    last = (
        sa.select(EasyPart.block_id, sa.func.max(EasyPart.number).label("number"))
        .where(EasyPart.draft_id == draft_id)
        .group_by(EasyPart.block_id)
        .subquery()
    )
    rows = session().scalars(
        sa.select(EasyPart)
        .join(last, sa.and_(last.c.block_id == EasyPart.block_id, last.c.number == EasyPart.number))
        .where(EasyPart.draft_id == draft_id, EasyPart.deed != EasyDeed.PUT_AWAY)
        .order_by(EasyPart.id)
    )
    return {part.block_id: part for part in rows}


def placed(draft_id: int, tree: Tree) -> tuple[Placed, ...]:
    """Every block that holds words with its part, in reading order; parts whose block is gone come last."""
    parts = current(draft_id)
    passages = passages_of(tree)
    there = {passage.block_id for passage in passages}
    return (
        *(Placed(passage, parts.get(passage.block_id)) for passage in passages),
        *(Placed(None, part) for ident, part in parts.items() if ident not in there),
    )


def has_begun(draft_id: int) -> bool:
    """Whether there is a twin at all: one part of it."""
    return bool(current(draft_id))


def joins(draft_id: int) -> bool:
    """Whether the twin goes with the next proposal; it does unless somebody said otherwise."""
    row = session().get(EasyTwin, draft_id)
    return row is None or row.joins


def joined(draft: Draft, tree: Tree) -> list[dict[str, object]] | None:
    """The twin as a freeze of `tree` signs it; None when there is none, when it is left out, or not ready."""
    if not joins(draft.id):
        return None
    return _signed(placed(draft.id, tree))


def _signed(found: Sequence[Placed]) -> list[dict[str, object]] | None:
    parts = [one for one in found if one.state is not State.GONE]
    if not any(one.part is not None and not one.part.is_left_out for one in parts):
        return None
    if any(one.state is not State.UP_TO_DATE for one in parts):
        return None
    return [
        Signed(one.passage.block_id, one.part.text, one.passage.level, one.part.is_left_out).as_json()
        for one in parts
        if one.passage is not None and one.part is not None
    ]


def findings(draft: Draft, tree: Tree) -> list[Finding]:
    """A twin that was begun is completed before a proposal, or left out of it by a word: never by accident."""
    if not joins(draft.id) or not has_begun(draft.id):
        return []
    found = placed(draft.id, tree)
    left = sum(one.state in (State.TO_WRITE, State.STALE) for one in found)
    if not left:
        return []
    message = ngettext(
        "La version facile à lire (FALC) n’est pas prête : %(num)d passage est à écrire ou à revoir. Complétez-la, ou choisissez de proposer le texte sans elle.",
        "La version facile à lire (FALC) n’est pas prête : %(num)d passages sont à écrire ou à revoir. Complétez-la, ou choisissez de proposer le texte sans elle.",
        left,
    )
    return [Finding(Code.EASY_NOT_READY, None, message)]

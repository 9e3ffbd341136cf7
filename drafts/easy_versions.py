"""Versions of the parts of a twin: one more of a block, and the twin that a draft begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import session
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Actor
from drafts.easy_models import LONGEST_SOURCE, EasyDeed, EasyPart
from drafts.easy_text import Passage, passages_of
from drafts.grammar import Tree
from drafts.models import Draft

# A paragraph that was rewritten more often is discussed elsewhere; a text of more blocks is a book.
MOST_VERSIONS, MOST_PARTS = 300, 1500


@dataclass(frozen=True)
class Source:
    """The words that a part was written for; both "" when nobody knows them, and then it is looked at again."""

    digest: str = ""
    words: str = ""


def source_in(passage: Passage) -> Source:
    return Source(passage.digest, passage.words[:LONGEST_SOURCE])


def source_of(part: EasyPart) -> Source:
    return Source(part.source_digest, part.source_words)


def last_number(draft_id: int, block_id: str) -> int:
    """The number of the last version of a block, what was put away included; 0 for none."""
    query = sa.select(sa.func.max(EasyPart.number)).where(
        EasyPart.draft_id == draft_id, EasyPart.block_id == block_id
    )
    return session().scalar(query) or 0


def version_of(draft_id: int, block_id: str, number: int) -> EasyPart | None:
    query = sa.select(EasyPart).where(
        EasyPart.draft_id == draft_id, EasyPart.block_id == block_id, EasyPart.number == number
    )
    return session().scalars(query).first()


def versions_of(draft_id: int, block_id: str) -> Sequence[EasyPart]:
    """Every version of a block, the last one first."""
    query = sa.select(EasyPart).where(EasyPart.draft_id == draft_id, EasyPart.block_id == block_id)
    return session().scalars(query.order_by(EasyPart.number.desc())).all()


def append(
    actor: Actor,
    draft: Draft,
    block_id: str,
    deed: EasyDeed,
    text: str,
    source: Source,
    *,
    is_left_out: bool = False,
) -> EasyPart:
    """One more version of a block; the draft is locked, so that the number is free."""
    number = last_number(draft.id, block_id) + 1
    if number > MOST_VERSIONS:
        raise Invalid(_("Ce passage a déjà %(count)d versions faciles.", count=MOST_VERSIONS))
    if number == 1 and _blocks(draft.id) >= MOST_PARTS:
        raise Invalid(_("Cette version facile a déjà %(count)d passages.", count=MOST_PARTS))
    part = EasyPart(
        draft_id=draft.id,
        block_id=block_id,
        number=number,
        deed=deed,
        is_left_out=is_left_out,
        text=text,
        source_digest=source.digest,
        source_words=source.words,
        person_id=actor.id,
        at=clock.now(),
    )
    session().add(part)
    session().flush()
    return part


def _blocks(draft_id: int) -> int:
    query = sa.select(sa.func.count(EasyPart.block_id.distinct())).where(EasyPart.draft_id == draft_id)
    return session().scalar(query) or 0


def begin_from(actor: Actor, draft: Draft, parts: Sequence[Mapping[str, Any]], tree: Tree) -> None:
    """The twin of a draft that begins from a text signed with one: the same words for the same blocks. Nobody has
    contributed anything by it."""
    words = {passage.block_id: passage for passage in passages_of(tree)}
    for part in parts:
        passage = words.get(str(part["block"]))
        is_left_out = bool(part.get("left_out"))
        append(
            actor,
            draft,
            str(part["block"]),
            EasyDeed.LEFT_OUT if is_left_out else EasyDeed.WRITTEN,
            str(part.get("text", "")),
            source_in(passage) if passage is not None else Source(),
            is_left_out=is_left_out,
        )

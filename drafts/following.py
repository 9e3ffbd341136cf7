"""Following a text: whoever does is told, once it has come to rest, that somebody else has changed it."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import sqlalchemy as sa

from app import clock
from app.db import reading, session, unit_of_work
from app.policy import Act, Actor, require
from drafts import notices
from drafts.models import Draft, DraftUpdate
from drafts.notice_models import DraftFollow, MailState, Notice, NoticeKind

# A text is left to those who write it until nobody has touched it for so long.
REST = timedelta(minutes=10)
# Texts looked at in one round; the others have their turn a minute later.
MOST_AT_ONCE = 100


def follow(actor: Actor, draft: Draft) -> None:
    """Be told of what is written from now on."""
    require(actor, Act.DRAFT_READ, draft)
    if not follows(actor, draft):
        session().add(
            DraftFollow(draft_id=draft.id, person_id=actor.id, seq=draft.head_seq, since=clock.now())
        )
        session().flush()


def unfollow(actor: Actor, draft: Draft) -> None:
    require(actor, Act.DRAFT_READ, draft)
    session().execute(
        sa.delete(DraftFollow).where(DraftFollow.draft_id == draft.id, DraftFollow.person_id == actor.id)
    )


def follows(actor: Actor, draft: Draft) -> bool:
    return session().get(DraftFollow, (draft.id, actor.id)) is not None


def tell_followers() -> int:
    """Tell those who follow a text that moved and rests now. Returns how many were told. An edge of the worker."""
    with reading() as current:
        moved = list(
            current.scalars(
                sa.select(Draft.id)
                .join(DraftUpdate, (DraftUpdate.draft_id == Draft.id) & (DraftUpdate.seq == Draft.head_seq))
                .where(
                    Draft.id.in_(
                        sa.select(DraftFollow.draft_id).where(
                            DraftFollow.draft_id == Draft.id, DraftFollow.seq < Draft.head_seq
                        )
                    ),
                    DraftUpdate.at < clock.now() - REST,
                )
                .order_by(Draft.id)
                .limit(MOST_AT_ONCE)
            )
        )
    told = 0
    for draft_id in moved:
        with unit_of_work():
            told += _tell(draft_id)
    return told


def _tell(draft_id: int) -> int:
    draft = session().get_one(Draft, draft_id)
    waiting: dict[int, list[int]] = defaultdict(list)
    rows = session().scalars(
        sa.select(DraftFollow)
        .where(DraftFollow.draft_id == draft.id, DraftFollow.seq < draft.head_seq)
        .with_for_update()
    )
    for row in rows:
        waiting[row.seq].append(row.person_id)
        row.seq = draft.head_seq
    session().flush()
    if draft.trashed_at is not None:
        return 0
    told = 0
    for seq, people in waiting.items():
        writers = set(
            session().scalars(
                # What the server wrote for nobody, such as the anchor of a remark, is no change of the text.
                sa.select(DraftUpdate.person_id)
                .where(
                    DraftUpdate.draft_id == draft.id,
                    DraftUpdate.seq > seq,
                    DraftUpdate.seq <= draft.head_seq,
                    DraftUpdate.person_id.is_not(None),
                )
                .distinct()
            )
        )
        others = [person for person in people if writers - {person}]
        told += len(_once(draft, others))
    return told


def _once(draft: Draft, people: list[int]) -> list[Notice]:
    """A text that goes on changing is one line in the list, not one for each evening it was not looked at."""
    session().execute(
        sa.delete(Notice).where(
            Notice.draft_id == draft.id,
            Notice.kind == NoticeKind.TEXT,
            Notice.person_id.in_(people),
            Notice.read_at.is_(None),
            Notice.mail != MailState.WAITING,
        )
    )
    waiting = set(
        session().scalars(
            sa.select(Notice.person_id).where(
                Notice.draft_id == draft.id,
                Notice.kind == NoticeKind.TEXT,
                Notice.person_id.in_(people),
                Notice.read_at.is_(None),
            )
        )
    )
    return notices.tell([person for person in people if person not in waiting], NoticeKind.TEXT, draft)

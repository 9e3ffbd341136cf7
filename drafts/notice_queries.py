"""What a person's list of notices shows, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.accounts.models import Person
from app.db import session
from app.policy import Act, Actor, acts_for
from drafts.list_queries import reach
from drafts.models import Draft
from drafts.notice_models import Channel, Notice, NoticeKind, NoticeSilence
from drafts.notice_words import address_of, kind_word, sentence
from drafts.remark_models import Remark

# Lines of one page, the newest; older ones that were read are of little use.
MOST_SHOWN = 100


@dataclass(frozen=True)
class NoticeRow:
    id: int
    sentence: str
    href: str
    at: datetime
    is_read: bool


@dataclass(frozen=True)
class Setting:
    """One kind of notice, and where it is told."""

    kind: NoticeKind
    words: str
    in_page: bool
    by_mail: bool


def unread(actor: Actor) -> int:
    """How many notices wait for a person, of drafts they may still read. Asked for every page of an agent."""
    return (
        session().scalar(
            sa.select(sa.func.count())
            .select_from(Notice)
            .join(Draft, Draft.id == Notice.draft_id)
            .where(
                Notice.person_id == actor.id,
                Notice.read_at.is_(None),
                Notice.in_page,
                Draft.trashed_at.is_(None),
                reach(actor),
            )
        )
        or 0
    )


def notices_of(actor: Actor) -> list[NoticeRow]:
    """The notices of a person, the newest first; those of drafts that they may not read any more are left out."""
    rows = (
        session()
        .execute(
            sa.select(Notice, Draft, Person.name, Remark.public_id)
            .join(Draft, Draft.id == Notice.draft_id)
            .outerjoin(Person, Person.id == Notice.by_person_id)
            .outerjoin(Remark, Remark.id == Notice.remark_id)
            .where(Notice.person_id == actor.id, Notice.in_page, Draft.trashed_at.is_(None), reach(actor))
            .order_by(Notice.at.desc(), Notice.id.desc())
            .limit(MOST_SHOWN)
        )
        .all()
    )
    readable = {
        draft_id
        for draft_id, draft in {draft.id: draft for _notice, draft, _name, _thread in rows}.items()
        if Act.DRAFT_READ in acts_for(actor, draft)
    }
    return [
        NoticeRow(
            notice.id,
            sentence(notice.kind, notice.what, name or "", draft.title),
            address_of(draft.id, thread, notice.kind),
            notice.at,
            notice.read_at is not None,
        )
        for notice, draft, name, thread in rows
        if draft.id in readable
    ]


def target_of(notice: Notice) -> str:
    """The page that a notice leads to."""
    thread = session().scalar(sa.select(Remark.public_id).where(Remark.id == notice.remark_id))
    return address_of(notice.draft_id, thread, notice.kind)


def settings_of(actor: Actor) -> list[Setting]:
    """Every kind of notice and where a person is told of it: everywhere, unless they said otherwise."""
    rows = session().execute(
        sa.select(NoticeSilence.kind, NoticeSilence.channel).where(NoticeSilence.person_id == actor.id)
    )
    silent = {(kind, channel) for kind, channel in rows}
    return [
        Setting(kind, kind_word(kind), (kind, Channel.PAGE) not in silent, (kind, Channel.MAIL) not in silent)
        for kind in NoticeKind
    ]

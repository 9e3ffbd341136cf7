"""What is shown of remarks, as plain values; and whom one may mention in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from app.accounts.models import Person, PersonStatus, Role
from app.accounts.service import names_of
from app.db import session
from app.directory.models import Administration
from app.errors import Missing
from app.extensions import gettext as _
from app.policy import Act, Actor, PortalRole, acts_for
from drafts.models import Draft
from drafts.policy import competent_ids
from drafts.remark_models import Remark, RemarkMention, RemarkMessage
from drafts.stages import Stage
from labs.models import Membership
from labs.policy import membership

# Threads in one answer; a page says how many more there are.
MOST_SHOWN = 200


class Which(StrEnum):
    """The filters of the list, as they stand in its address."""

    OPEN = "ouvertes"
    RESOLVED = "resolues"
    MINE = "les-miennes"
    MENTIONS = "me-mentionnant"
    BLOCKING = "bloquantes"
    ALL = "toutes"


@dataclass(frozen=True)
class MessageRow:
    person: str
    administration: str
    text: str
    at: datetime
    mentions: tuple[str, ...]
    mentions_me: bool
    is_mine: bool


@dataclass(frozen=True)
class RemarkRow:
    """A thread. `may_settle`: this person may resolve or reopen it; `may_block`: say whether it blocks."""

    public_id: str
    block_id: str | None
    quote: str
    blocking: bool
    is_open: bool
    opened_at: datetime
    resolved_by: str
    resolved_at: datetime | None
    revision: int | None
    messages: tuple[MessageRow, ...]
    may_settle: bool
    may_block: bool

    @property
    def person(self) -> str:
        return self.messages[0].person if self.messages else ""


@dataclass(frozen=True)
class Someone:
    """A person who can be mentioned."""

    id: int
    name: str
    administration: str


@dataclass(frozen=True)
class Counts:
    open: int
    resolved: int
    blocking: int


def remark_called(draft: Draft, public_id: str) -> Remark:
    """A thread of this very draft. Raises Missing."""
    found = session().scalars(
        sa.select(Remark).where(Remark.draft_id == draft.id, Remark.public_id == public_id)
    ).first()  # fmt: skip
    if found is None:
        raise Missing(_("Cette remarque n’existe pas, ou vous n’y avez pas accès."))
    return found


def counts(draft: Draft) -> Counts:
    is_open = Remark.resolved_at.is_(None)
    row = session().execute(
        sa.select(
            sa.func.count().filter(is_open),
            sa.func.count().filter(sa.not_(is_open)),
            sa.func.count().filter(is_open, Remark.blocking),
        ).where(Remark.draft_id == draft.id)
    )
    return Counts(*row.one())


def open_blocking(draft: Draft) -> list[Remark]:
    """The open remarks that stand against a publication, the oldest first."""
    return list(
        session().scalars(
            sa.select(Remark)
            .where(Remark.draft_id == draft.id, Remark.blocking, Remark.resolved_at.is_(None))
            .order_by(Remark.id)
        )
    )


def remarks_of(
    actor: Actor, draft: Draft, which: Which = Which.ALL, limit: int = MOST_SHOWN
) -> list[RemarkRow]:
    """The threads of a draft for somebody who reads it, the newest first."""
    query = sa.select(Remark).where(Remark.draft_id == draft.id, *_which(which, actor))
    return _rows(actor, draft, list(session().scalars(query.order_by(Remark.id.desc()).limit(limit))))


def remark_row(actor: Actor, draft: Draft, public_id: str) -> RemarkRow:
    """One thread. Raises Missing."""
    return _rows(actor, draft, [remark_called(draft, public_id)])[0]


def _which(which: Which, actor: Actor) -> list[sa.ColumnElement[bool]]:
    said = sa.select(RemarkMessage.remark_id)
    match which:
        case Which.OPEN:
            return [Remark.resolved_at.is_(None)]
        case Which.RESOLVED:
            return [Remark.resolved_at.is_not(None)]
        case Which.BLOCKING:
            return [Remark.blocking.is_(True), Remark.resolved_at.is_(None)]
        case Which.MINE:
            return [Remark.id.in_(said.where(RemarkMessage.person_id == actor.id))]
        case Which.MENTIONS:
            mine = said.join(RemarkMention, RemarkMention.message_id == RemarkMessage.id)
            return [Remark.id.in_(mine.where(RemarkMention.person_id == actor.id))]
    return []


def _rows(actor: Actor, draft: Draft, remarks: Sequence[Remark]) -> list[RemarkRow]:
    messages = _messages(actor, [remark.id for remark in remarks])
    names = names_of(remark.resolved_by for remark in remarks)
    acts = acts_for(actor, draft)
    leads = _leads(actor, draft)
    return [
        RemarkRow(
            public_id=remark.public_id,
            block_id=remark.block_id,
            quote=remark.quote,
            blocking=remark.blocking,
            is_open=remark.is_open,
            opened_at=remark.opened_at,
            resolved_by=names.get(remark.resolved_by or 0, ""),
            resolved_at=remark.resolved_at,
            revision=remark.revision_id,
            messages=tuple(messages[remark.id]),
            may_settle=Act.DRAFT_REMARK in acts and may_settle(actor, remark, acts),
            may_block=Act.DRAFT_REMARK in acts and (leads or remark.opened_by == actor.id),
        )
        for remark in remarks
    ]


def may_settle(actor: Actor, remark: Remark, acts: frozenset[Act]) -> bool:
    """Who resolves a thread and reopens it: those who write the text, and who opened it."""
    return Act.DRAFT_WRITE in acts or remark.opened_by == actor.id


def may_block(actor: Actor, draft: Draft, remark: Remark) -> bool:
    """Who says whether a thread blocks the publication: who opened it, or the facilitator when they are gone."""
    return remark.opened_by == actor.id or _leads(actor, draft)


def _leads(actor: Actor, draft: Draft) -> bool:
    held = membership(actor, draft.lab_id)
    return held is not None and held.is_facilitator


def _messages(actor: Actor, remark_ids: Sequence[int]) -> dict[int, list[MessageRow]]:
    mentioned: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for message_id, person_id, name in session().execute(
        sa.select(RemarkMention.message_id, Person.id, Person.name)
        .join(Person, Person.id == RemarkMention.person_id)
        .join(RemarkMessage, RemarkMessage.id == RemarkMention.message_id)
        .where(RemarkMessage.remark_id.in_(remark_ids))
        .order_by(Person.name)
    ):
        mentioned[message_id].append((person_id, name))
    found: dict[int, list[MessageRow]] = defaultdict(list)
    for message, name, place in session().execute(
        sa.select(RemarkMessage, Person.name, Administration)
        .join(Person, Person.id == RemarkMessage.person_id)
        .outerjoin(Administration, Administration.id == Person.administration_id)
        .where(RemarkMessage.remark_id.in_(remark_ids))
        .order_by(RemarkMessage.id)
    ):
        people = mentioned[message.id]
        found[message.remark_id].append(
            MessageRow(
                person=name,
                administration=place.short_name if place else "",
                text=message.text,
                at=message.at,
                mentions=tuple(person for _id, person in people),
                mentions_me=any(person_id == actor.id for person_id, _person in people),
                is_mine=message.person_id == actor.id,
            )
        )
    return found


def mentionable(draft: Draft) -> list[Someone]:
    """Whom a remark on this draft can mention: members of its lab, and the reviewers who may read it by now."""
    near: sa.ColumnElement[bool] = Person.id.in_(
        sa.select(Membership.person_id).where(
            Membership.lab_id == draft.lab_id, Membership.removed_at.is_(None)
        )
    )
    if draft.stage is not Stage.WRITING:
        near |= Person.id.in_(
            sa.select(Role.person_id).where(
                Role.role == PortalRole.REVIEWER, Role.administration_id.in_(competent_ids(draft))
            )
        )
    rows = session().execute(
        sa.select(Person, Administration)
        .outerjoin(Administration, Administration.id == Person.administration_id)
        .where(Person.status == PersonStatus.ACTIVE, near)
        .order_by(Person.name, Person.id)
    )
    return [Someone(person.id, person.name, place.short_name if place else "") for person, place in rows]


def mentioned_in(actor: Actor, draft: Draft, text: str) -> list[int]:
    """Whom else a text typed without help names with an @: "@Éloïse Martinelle" is she, in whatever case.

    The longest name counts where one begins another; people of one name are all meant.
    """
    if "@" not in text:
        return []
    people: dict[str, list[int]] = defaultdict(list)
    for person in mentionable(draft):
        if person.id == actor.id:
            continue
        people[f"@{person.name.casefold()}"].append(person.id)
    left, found = text.casefold(), []
    for named in sorted(people, key=len, reverse=True):
        if named in left:
            found += people[named]
            left = left.replace(named, "")
    return found

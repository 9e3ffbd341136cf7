"""What the pages of the labs show, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.accounts.models import Person
from app.db import session
from app.directory.models import Administration
from app.errors import Missing
from app.extensions import gettext as _
from app.policy import Act, Actor, acts_for
from labs.models import Lab, LabKind, LabSession, Membership, SessionStatus
from labs.roles import Right
from labs.words import lab_kind_word, right_word, session_word


@dataclass(frozen=True)
class LabCard:
    id: int
    slug: str
    title: str
    purpose: str
    kind: str
    administration: str
    people: int
    right: Right | None
    right_word: str
    is_facilitator: bool


@dataclass(frozen=True)
class LabList:
    mine: tuple[LabCard, ...]
    others: tuple[LabCard, ...]


@dataclass(frozen=True)
class MemberRow:
    person_id: int
    name: str
    administration: str
    right: Right
    right_word: str
    is_facilitator: bool


@dataclass(frozen=True)
class SessionRow:
    id: int
    title: str
    place: str
    starts_at: datetime
    ends_at: datetime
    status: SessionStatus
    status_word: str
    lab_title: str
    lab_slug: str


@dataclass(frozen=True)
class AgendaItem:
    title: str
    minutes: int | None


@dataclass(frozen=True)
class SessionPage:
    row: SessionRow
    agenda: tuple[AgendaItem, ...]


def lab_called(slug: str) -> Lab:
    """The lab at this address. Raises Missing in the very words of the policy: they tell nobody what exists."""
    lab = session().scalars(sa.select(Lab).where(Lab.slug == slug)).first()
    if lab is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return lab


def labs_for(actor: Actor) -> LabList:
    """The labs a person belongs to, and those open to requests; both by title."""
    held = {
        member.lab_id: member
        for member in session().scalars(
            sa.select(Membership).where(Membership.person_id == actor.id, Membership.removed_at.is_(None))
        )
    }
    found = session().scalars(
        sa.select(Lab)
        .where(Lab.id.in_(held) | (Lab.open_to_requests & (Lab.kind == LabKind.SHARED)))
        .options(joinedload(Lab.administration))
        .order_by(Lab.kind.desc(), Lab.title)
    )
    shown = [lab for lab in found if Act.LAB_SEE in acts_for(actor, lab)]
    sizes = _people_in([lab.id for lab in shown])
    cards = [_card(lab, held.get(lab.id), sizes.get(lab.id, 0)) for lab in shown]
    return LabList(
        mine=tuple(card for card in cards if card.id in held),
        others=tuple(card for card in cards if card.id not in held),
    )


def _people_in(lab_ids: list[int]) -> dict[int, int]:
    rows = session().execute(
        sa.select(Membership.lab_id, sa.func.count())
        .where(Membership.lab_id.in_(lab_ids), Membership.removed_at.is_(None))
        .group_by(Membership.lab_id)
    )
    return dict(rows.all())


def _card(lab: Lab, held: Membership | None, people: int) -> LabCard:
    right = None if held is None else (Right.WRITE if held.is_facilitator else held.right)
    return LabCard(
        id=lab.id,
        slug=lab.slug,
        title=lab.title,
        purpose=lab.purpose,
        kind=lab_kind_word(lab.kind),
        administration=lab.administration.short_name,
        people=people,
        right=right,
        right_word=right_word(right) if right else "",
        is_facilitator=held is not None and held.is_facilitator,
    )


def card_of(actor: Actor, lab: Lab) -> LabCard:
    """One lab, as its owner sees it in the list."""
    held = (
        session()
        .scalars(sa.select(Membership).filter_by(lab_id=lab.id, person_id=actor.id, removed_at=None))
        .first()
    )
    return _card(lab, held, _people_in([lab.id]).get(lab.id, 0))


def people_of(lab: Lab) -> tuple[MemberRow, ...]:
    """The members, facilitators first, then by name."""
    rows = session().execute(
        sa.select(Membership, Person, Administration)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(Administration, Administration.id == Person.administration_id)
        .where(Membership.lab_id == lab.id, Membership.removed_at.is_(None))
        .order_by(Membership.is_facilitator.desc(), Person.name)
    )
    return tuple(
        MemberRow(
            person_id=person.id,
            name=person.name,
            administration=administration.short_name if administration else "",
            right=member.right,
            right_word=right_word(member.right),
            is_facilitator=member.is_facilitator,
        )
        for member, person, administration in rows
    )


def person_with_email(email: str) -> Person | None:
    return session().scalars(sa.select(Person).where(Person.email == email.strip().lower())).first()


def member_person(lab: Lab, person_id: int) -> Person:
    """A living member of the lab as a person. Raises Missing, so that nobody learns who exists elsewhere."""
    person = (
        session()
        .scalars(
            sa.select(Person)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.lab_id == lab.id, Person.id == person_id, Membership.removed_at.is_(None))
        )
        .first()
    )
    if person is None:
        raise Missing(_("Cette personne ne fait plus partie du lab."))
    return person


def sessions_of(lab: Lab) -> tuple[SessionRow, ...]:
    """The séances, the latest first."""
    rows = session().scalars(
        sa.select(LabSession).where(LabSession.lab_id == lab.id).order_by(LabSession.starts_at.desc())
    )
    return tuple(_session_row(row, lab) for row in rows)


def open_sessions(actor: Actor) -> tuple[SessionRow, ...]:
    """The séances that are open now in the labs of a person."""
    rows = session().execute(
        sa.select(LabSession, Lab)
        .join(Lab, Lab.id == LabSession.lab_id)
        .join(Membership, Membership.lab_id == Lab.id)
        .where(
            Membership.person_id == actor.id,
            Membership.removed_at.is_(None),
            LabSession.status == SessionStatus.OPEN,
        )
        .order_by(LabSession.starts_at)
    )
    return tuple(_session_row(row, lab) for row, lab in rows)


def _session_row(row: LabSession, lab: Lab) -> SessionRow:
    return SessionRow(
        id=row.id,
        title=row.title,
        place=row.place,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        status=row.status,
        status_word=session_word(row.status),
        lab_title=lab.title,
        lab_slug=lab.slug,
    )


def session_page(lab: Lab, session_id: int) -> SessionPage:
    """One séance of this lab. Raises Missing for another lab's."""
    row = session().scalars(sa.select(LabSession).filter_by(id=session_id, lab_id=lab.id)).first()
    if row is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return SessionPage(_session_row(row, lab), tuple(_agenda_item(item) for item in row.agenda))


def _agenda_item(item: Any) -> AgendaItem:
    if isinstance(item, dict):
        minutes = item.get("minutes")
        return AgendaItem(str(item.get("title", "")), minutes if isinstance(minutes, int) else None)
    return AgendaItem(str(item), None)

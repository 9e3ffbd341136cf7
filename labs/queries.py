"""What the pages of the labs show, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app import clock
from app.accounts.models import Person, PersonKind
from app.db import session
from app.directory import themes as vocabulary
from app.directory.models import Administration
from app.errors import Missing
from app.extensions import gettext as _
from app.policy import Act, Actor, acts_for
from labs.joining_models import LabRequest
from labs.models import Lab, LabKind, LabSession, Membership, SessionStatus
from labs.roles import Right
from labs.words import folded, lab_kind_word, right_word, session_word


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
    themes: tuple[str, ...]
    # Waits for an answer: a request of this person.
    is_asked: bool


@dataclass(frozen=True)
class Narrowed:
    """What the list of labs is narrowed to; empty is all of them."""

    words: str = ""
    theme: str = ""
    administration: str = ""

    def __bool__(self) -> bool:
        return bool(self.words.strip() or self.theme or self.administration)


EVERYTHING = Narrowed()


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
    is_guest: bool = False
    until: datetime | None = None


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


def lab_called(slug: str) -> Lab:
    """The lab at this address. Raises Missing in the very words of the policy: they tell nobody what exists."""
    lab = session().scalars(sa.select(Lab).where(Lab.slug == slug)).first()
    if lab is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return lab


def labs_for(actor: Actor, narrowed: Narrowed = EVERYTHING) -> LabList:
    """The labs a person belongs to, and those open to requests; both by title, narrowed to what was asked for."""
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
    shown = [lab for lab in found if _fits(lab, narrowed) and Act.LAB_SEE in acts_for(actor, lab)]
    sizes = _people_in([lab.id for lab in shown])
    asked = set(
        session().scalars(
            sa.select(LabRequest.lab_id).where(LabRequest.person_id == actor.id, LabRequest.outcome.is_(None))
        )
    )
    cards = [_card(lab, held.get(lab.id), sizes.get(lab.id, 0), lab.id in asked) for lab in shown]
    return LabList(
        mine=tuple(card for card in cards if card.id in held),
        others=tuple(card for card in cards if card.id not in held),
    )


def led_by(actor: Actor) -> list[Lab]:
    """The labs somebody facilitates, by title."""
    mine = sa.select(Membership.lab_id).where(
        Membership.person_id == actor.id, Membership.is_facilitator, Membership.removed_at.is_(None)
    )
    found = session().scalars(sa.select(Lab).where(Lab.id.in_(mine)).order_by(Lab.title, Lab.id))
    return [lab for lab in found if Act.LAB_LEAD in acts_for(actor, lab)]


def _fits(lab: Lab, narrowed: Narrowed) -> bool:
    """Looked at here: neither database looks past accents by itself, and there are some hundred labs at most."""
    words = f"{lab.title} {lab.purpose} {lab.administration.name} {lab.administration.acronym or ''}"
    return (
        all(word in folded(words) for word in folded(narrowed.words).split())
        and (not narrowed.theme or narrowed.theme in lab.themes)
        and (not narrowed.administration or narrowed.administration == lab.administration.slug)
    )


def carriers() -> list[tuple[str, str]]:
    """The administrations that carry a lab across administrations: (slug, name), by name."""
    rows = session().execute(
        sa.select(Administration.slug, Administration.name)
        .where(Administration.id.in_(sa.select(Lab.administration_id).where(Lab.kind == LabKind.SHARED)))
        .order_by(Administration.name)
    )
    return [(slug, name) for slug, name in rows]


def administrations() -> list[tuple[int, str]]:
    """Every administration that has agents: (id, name), by name."""
    rows = session().execute(
        sa.select(Administration.id, Administration.name)
        .where(Administration.id.in_(sa.select(Person.administration_id)))
        .order_by(Administration.name)
    )
    return [(place, name) for place, name in rows]


def _people_in(lab_ids: list[int]) -> dict[int, int]:
    rows = session().execute(
        sa.select(Membership.lab_id, sa.func.count())
        .where(Membership.lab_id.in_(lab_ids), Membership.removed_at.is_(None))
        .group_by(Membership.lab_id)
    )
    return dict(rows.all())


def _card(lab: Lab, held: Membership | None, people: int, is_asked: bool = False) -> LabCard:
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
        themes=tuple(vocabulary.themes().get(slug, slug) for slug in lab.themes),
        is_asked=is_asked,
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
        .where(
            Membership.lab_id == lab.id,
            Membership.removed_at.is_(None),
            Membership.until.is_(None) | (Membership.until > clock.now()),
        )
        .order_by(Membership.is_facilitator.desc(), Person.kind, Person.name)
    )
    return tuple(
        MemberRow(
            person_id=person.id,
            name=person.name,
            administration=administration.short_name if administration else "",
            right=member.right,
            right_word=right_word(member.right),
            is_facilitator=member.is_facilitator,
            is_guest=person.kind is PersonKind.GUEST,
            until=member.until,
        )
        for member, person, administration in rows
    )


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


@dataclass(frozen=True)
class Sittings:
    """The séances of a lab: those that are open or to come, the next one first; those that are over, the last one first."""

    coming: tuple[SessionRow, ...]
    past: tuple[SessionRow, ...]


def sessions_in_order(lab: Lab) -> Sittings:
    rows = sessions_of(lab)
    now = clock.now()
    over = [
        row
        for row in rows
        if row.status is SessionStatus.CLOSED or (row.ends_at < now and row.status is not SessionStatus.OPEN)
    ]
    return Sittings(tuple(reversed([row for row in rows if row not in over])), tuple(over))


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

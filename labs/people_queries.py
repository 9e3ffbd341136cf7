"""What the pages about the people of a lab show, as plain values: who can be invited, who waits, which doors are open."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from app import clock
from app.accounts.models import Person, PersonKind, PersonStatus
from app.accounts.service import names_of
from app.db import session
from app.directory.models import Administration
from app.extensions import gettext as _
from app.policy import Actor
from labs import guests
from labs.guest_models import GuestLink
from labs.guest_policy import LinkState, state_of
from labs.joining_models import LabInvitation, LabRequest, Outcome
from labs.models import Lab, Membership
from labs.policy import open_invitation
from labs.words import folded, right_offered, right_word

# Agents on one page of the search; who looks for more says more of the name.
MOST_FOUND = 60


@dataclass(frozen=True)
class Candidate:
    """An agent, as who invites sees them. `standing`: why they cannot be invited, empty when they can."""

    id: int
    name: str
    email: str
    administration: str
    standing: str


@dataclass(frozen=True)
class Found:
    people: tuple[Candidate, ...]
    # How many more there are than are shown.
    more: int


@dataclass(frozen=True)
class RequestRow:
    id: int
    name: str
    administration: str
    sentence: str
    asked_at: datetime


@dataclass(frozen=True)
class Standing:
    """Where a person who is no member stands with a lab: what they asked, what they were answered, what is offered."""

    asked_at: datetime | None = None
    sentence: str = ""
    declined_at: datetime | None = None
    reason: str = ""
    offered: str = ""
    offered_by: str = ""
    offered_until: datetime | None = None


class DoorKind(StrEnum):
    MEMBER = "member"
    GUEST = "guest"
    LINK = "link"
    INVITATION = "invitation"
    REQUEST = "request"


@dataclass(frozen=True)
class DoorRow:
    """One way into the lab that is open, or asked for. `id` is the person of a place, the row of everything else."""

    kind: DoorKind
    id: int
    name: str
    of: str
    opens: str
    since: datetime
    until: datetime | None
    by: str
    said: str = ""
    link_id: int | None = None


def candidates(lab: Lab, words: str, administration_id: int | None) -> Found:
    """Agents by a part of their name or address, or by their administration. Nobody when nothing is asked for."""
    wanted = folded(words).split()
    if not wanted and administration_id is None:
        return Found((), 0)
    query = (
        sa.select(Person.id, Person.name, Person.email, Administration.acronym, Administration.name)
        .outerjoin(Administration, Administration.id == Person.administration_id)
        .where(
            Person.kind == PersonKind.AGENT,
            Person.status == PersonStatus.ACTIVE,
            Person.administration_id.is_not(None),
        )
        .order_by(Person.name, Person.id)
    )
    if administration_id is not None:
        query = query.where(Person.administration_id == administration_id)
    # In this process: neither database looks past accents by itself, and some thousands of names are soon read.
    rows = [
        row
        for row in session().execute(query)
        if all(word in f"{folded(row[1])} {row[2]}" for word in wanted)
    ]
    shown = rows[:MOST_FOUND]
    standing = _standing(lab, [row[0] for row in shown])
    return Found(
        tuple(
            Candidate(person_id, name, email, acronym or full or "", standing.get(person_id, ""))
            for person_id, name, email, acronym, full in shown
        ),
        len(rows) - len(shown),
    )


def _standing(lab: Lab, people: Collection[int]) -> dict[int, str]:
    """Why these cannot be invited, in words: three queries for all of them."""
    found: dict[int, str] = {}
    members = sa.select(Membership.person_id).where(
        Membership.lab_id == lab.id, Membership.removed_at.is_(None), Membership.person_id.in_(people)
    )
    invited = sa.select(LabInvitation.person_id).where(
        LabInvitation.lab_id == lab.id,
        LabInvitation.outcome.is_(None),
        LabInvitation.expires_at > clock.now(),
        LabInvitation.person_id.in_(people),
    )
    asking = sa.select(LabRequest.person_id).where(
        LabRequest.lab_id == lab.id, LabRequest.outcome.is_(None), LabRequest.person_id.in_(people)
    )
    for query, words in (
        (asking, _("demande à entrer")),
        (invited, _("déjà invité")),
        (members, _("fait déjà partie du lab")),
    ):
        found.update(dict.fromkeys(session().scalars(query), words))
    return found


def requests_of(lab: Lab) -> tuple[RequestRow, ...]:
    """Who waits for an answer, the first who asked first."""
    rows = session().execute(
        sa.select(LabRequest, Person.name, Administration.acronym, Administration.name)
        .join(Person, Person.id == LabRequest.person_id)
        .outerjoin(Administration, Administration.id == Person.administration_id)
        .where(LabRequest.lab_id == lab.id, LabRequest.outcome.is_(None))
        .order_by(LabRequest.id)
    )
    return tuple(
        RequestRow(row.id, name, acronym or full or "", row.sentence, row.asked_at)
        for row, name, acronym, full in rows
    )


def standing_of(actor: Actor, lab: Lab) -> Standing:
    """Where somebody who is no member stands with a lab."""
    request = (
        session()
        .scalars(
            sa.select(LabRequest)
            .where(LabRequest.lab_id == lab.id, LabRequest.person_id == actor.id)
            .order_by(LabRequest.id.desc())
            .limit(1)
        )
        .first()
    )
    offered = open_invitation(actor, lab.id)
    declined = request is not None and request.outcome is Outcome.DECLINED
    waits = request is not None and request.outcome is None
    return Standing(
        asked_at=request.asked_at if request is not None and waits else None,
        sentence=request.sentence if request is not None and waits else "",
        declined_at=request.answered_at if request is not None and declined else None,
        reason=request.reason if request is not None and declined else "",
        offered=right_offered(offered.right, facilitates=offered.is_facilitator)
        if offered is not None
        else "",
        offered_by=names_of([offered.invited_by]).get(offered.invited_by, "") if offered is not None else "",
        offered_until=offered.expires_at if offered is not None else None,
    )


def place_word(place: LabInvitation | Membership) -> str:
    return _("Animation") if place.is_facilitator else right_word(place.right)


def doors_of(lab: Lab) -> tuple[DoorRow, ...]:
    """Every way into a lab: who asks, who is invited, which links wait to be opened, who is in."""
    links = [link for link in guests.living_links(lab) if state_of(link) is LinkState.GOOD]
    return (*_asking(lab), *_invited(lab), *_unopened(lab, links), *_places(lab, links))


def _asking(lab: Lab) -> tuple[DoorRow, ...]:
    return tuple(
        DoorRow(
            DoorKind.REQUEST,
            row.id,
            row.name,
            row.administration,
            "",
            row.asked_at,
            None,
            "",
            said=row.sentence,
        )
        for row in requests_of(lab)
    )


def _invited(lab: Lab) -> tuple[DoorRow, ...]:
    rows = session().execute(
        sa.select(LabInvitation, Person.name, Administration.acronym, Administration.name)
        .join(Person, Person.id == LabInvitation.person_id)
        .outerjoin(Administration, Administration.id == Person.administration_id)
        .where(
            LabInvitation.lab_id == lab.id,
            LabInvitation.outcome.is_(None),
            LabInvitation.expires_at > clock.now(),
        )
        .order_by(Person.name, LabInvitation.id)
    ).all()  # fmt: skip
    names = names_of(row.invited_by for row, *_rest in rows)
    return tuple(
        DoorRow(
            DoorKind.INVITATION,
            row.id,
            name,
            acronym or full or "",
            place_word(row),
            row.invited_at,
            row.expires_at,
            names.get(row.invited_by, ""),
        )
        for row, name, acronym, full in rows
    )


def _unopened(lab: Lab, links: Collection[GuestLink]) -> tuple[DoorRow, ...]:
    """Links of guests who are not in (yet): nobody has typed in the code."""
    inside = {member.person_id for member in _members(lab)}
    waiting = [link for link in links if link.person_id not in inside]
    names = names_of(link.invited_by for link in waiting)
    return tuple(
        DoorRow(
            DoorKind.LINK,
            link.id,
            link.person.name,
            link.person.email,
            right_word(link.right),
            link.invited_at,
            link.expires_at,
            names.get(link.invited_by, ""),
            link_id=link.id,
        )
        for link in waiting
    )


def _places(lab: Lab, links: Collection[GuestLink]) -> tuple[DoorRow, ...]:
    of_guests = {link.person_id: link for link in links}
    names = names_of(link.invited_by for link in links)
    found = []
    for member in _members(lab):
        person, link = member.person, of_guests.get(member.person_id)
        is_guest = person.kind is PersonKind.GUEST
        place = person.administration.short_name if person.administration else ""
        found.append(
            DoorRow(
                DoorKind.GUEST if is_guest else DoorKind.MEMBER,
                person.id,
                person.name,
                person.email if is_guest else place,
                place_word(member),
                member.joined_at,
                member.until,
                names.get(link.invited_by, "") if link is not None else "",
                link_id=link.id if link is not None else None,
            )
        )
    return tuple(sorted(found, key=lambda row: (row.kind is DoorKind.MEMBER, row.name)))


def _members(lab: Lab) -> list[Membership]:
    return list(
        session().scalars(
            sa.select(Membership)
            .where(
                Membership.lab_id == lab.id,
                Membership.removed_at.is_(None),
                Membership.until.is_(None) | (Membership.until > clock.now()),
            )
            .options(sa.orm.joinedload(Membership.person).joinedload(Person.administration))
            .order_by(Membership.id)
        )
    )

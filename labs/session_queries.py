"""A séance as its pages show it, and what the script of the room is given to begin with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app import clock
from app.accounts.models import Person
from app.db import session
from app.directory.models import Administration
from app.errors import Missing
from app.extensions import gettext as _
from app.policy import Act, Actor, acts_for
from labs import agenda, attendance, fold, polls, room, texts
from labs.agenda import Item
from labs.models import Lab, LabSession, Membership, SessionStatus
from labs.session_models import EventKind, SessionEvent
from labs.words import session_word

OUTCOMES = (EventKind.DECIDED, EventKind.ACTION, EventKind.STRUCK)
# What a lab's page shows of each, and how far back it looks for them.
SHOWN, LOOKED_AT = 10, 200


@dataclass(frozen=True)
class Somebody:
    id: int
    name: str
    administration: str


@dataclass(frozen=True)
class Facts:
    """What stands above the room."""

    id: int
    title: str
    place: str
    video_link: str
    starts_at: datetime
    ends_at: datetime
    status: SessionStatus
    status_word: str
    organiser: str


@dataclass(frozen=True)
class RoomPage:
    """The room at one moment. `state` is as labs.fold makes it; `names` are of everybody in it."""

    facts: Facts
    number: int
    now: int
    state: fold.State
    names: dict[int, Somebody]
    agenda: tuple[Item, ...]
    item: Item | None
    people: tuple[attendance.Present, ...]
    members: tuple[Somebody, ...]
    drafts: dict[int, str]
    turnout: dict[int, int]
    voted: set[int]
    leads: bool
    has_minutes: bool
    me: int

    @property
    def hand_is_up(self) -> bool:
        return any(hand["person"] == self.me for hand in self.state["hands"])

    def name(self, person: int | None) -> str:
        known = self.names.get(person or 0)
        return known.name if known else _("quelqu’un")

    @property
    def polls(self) -> list[tuple[str, dict[str, Any]]]:
        """The one that is open first, then the newest."""
        found = list(self.state["polls"].items())
        return sorted(found, key=lambda entry: (entry[1]["closed_at"] is not None, -int(entry[0])))

    @property
    def has_floor(self) -> bool:
        return bool(self.state["floor"]) and self.state["floor"]["person"] == self.me

    @property
    def ends(self) -> int | None:
        """When the time of the item is over: milliseconds; None where it has none."""
        item = self.state["item"]
        if item is None or item["minutes"] is None:
            return None
        found: int = item["started_at"] + (item["minutes"] + item["added"]) * 60_000
        return found

    @property
    def left(self) -> int | None:
        """Whole minutes that are left; below 0: over by so many."""
        return None if self.ends is None else int((self.ends - self.now) // 60_000)


def seance_of(lab: Lab, session_id: int) -> LabSession:
    """The séance of this very lab. Raises Missing."""
    row = session().scalars(sa.select(LabSession).filter_by(id=session_id, lab_id=lab.id)).first()
    if row is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return row


def facts_of(seance: LabSession) -> Facts:
    organiser = session().get(Person, seance.organiser_id) if seance.organiser_id else None
    return Facts(
        id=seance.id,
        title=seance.title,
        place=seance.place,
        video_link=seance.video_link,
        starts_at=seance.starts_at,
        ends_at=seance.ends_at,
        status=seance.status,
        status_word=session_word(seance.status),
        organiser=organiser.name if organiser else "",
    )


def room_page(actor: Actor, seance: LabSession, has_minutes: bool) -> RoomPage:
    state = room.state_of(seance.id)
    members = members_of(seance.lab_id)
    items = tuple(agenda.read(seance.agenda))
    now = state["item"]
    return RoomPage(
        facts=facts_of(seance),
        number=seance.head_number,
        now=room.milliseconds(clock.now()),
        state=state,
        names=names_of(fold.people_in(state)),
        agenda=items,
        item=next((one for one in items if now and one.id == now["id"]), None),
        people=attendance.present([seance.id])[seance.id],
        members=members,
        drafts=texts.shelf().titles(seance.lab_id),
        turnout=polls.turnout([seance.id])[seance.id],
        voted=polls.voted_in(actor, seance.id),
        leads=Act.LAB_LEAD in acts_for(actor, seance.lab),
        has_minutes=has_minutes,
        me=actor.id,
    )


def names_of(people: set[int]) -> dict[int, Somebody]:
    """Names and administrations, as they are now: events hold ids, so that a person can be erased."""
    if not people:
        return {}
    return {one.id: one for one in _somebody(Person.id.in_(people))}


def members_of(lab_id: int) -> tuple[Somebody, ...]:
    """The people of a lab, by name: whom one can mention, give the floor or an action to."""
    return tuple(
        _somebody(
            Person.id.in_(
                sa.select(Membership.person_id).where(
                    Membership.lab_id == lab_id, Membership.removed_at.is_(None)
                )
            )
        )
    )


def _somebody(which: sa.ColumnElement[bool]) -> list[Somebody]:
    rows = session().execute(
        sa.select(Person.id, Person.name, Administration.acronym, Administration.name)
        .outerjoin(Administration, Administration.id == Person.administration_id)
        .where(which)
        .order_by(Person.name, Person.id)
    )
    return [Somebody(person, name, acronym or place or "") for person, name, acronym, place in rows]


@dataclass(frozen=True)
class Message:
    at: datetime
    person: str
    text: str


def messages(seance: LabSession) -> list[Message]:
    """Everything that was said in the chat, from the beginning."""
    rows = session().execute(
        sa.select(SessionEvent.at, Person.name, SessionEvent.payload)
        .outerjoin(Person, Person.id == SessionEvent.person_id)
        .where(SessionEvent.session_id == seance.id, SessionEvent.kind == EventKind.SAID)
        .order_by(SessionEvent.number)
    )
    return [Message(at, name or "", payload["text"]) for at, name, payload in rows]


@dataclass(frozen=True)
class Outcome:
    """A decision, or something to be done, as the lab's page shows it."""

    seance: int
    at: datetime
    text: str
    title: str
    person: str
    due: date | None


@dataclass(frozen=True)
class Outcomes:
    decisions: tuple[Outcome, ...]
    actions: tuple[Outcome, ...]


def outcomes(lab: Lab) -> Outcomes:
    """The last decisions of a lab's séances, and what somebody still has to do: not struck, and not past its day."""
    rows = (
        session()
        .execute(
            sa.select(
                SessionEvent.session_id,
                SessionEvent.number,
                SessionEvent.kind,
                SessionEvent.at,
                SessionEvent.payload,
            )
            .join(LabSession, LabSession.id == SessionEvent.session_id)
            .where(LabSession.lab_id == lab.id, SessionEvent.kind.in_(OUTCOMES))
            .order_by(SessionEvent.at.desc(), SessionEvent.session_id, SessionEvent.number.desc())
            .limit(LOOKED_AT)
        )
        .all()
    )
    struck = {(row.session_id, row.payload["number"]) for row in rows if row.kind is EventKind.STRUCK}
    kept = [row for row in rows if (row.session_id, row.number) not in struck]
    names = names_of({row.payload["person"] for row in kept if row.payload.get("person")})
    today = clock.local(clock.now()).date()
    found: dict[EventKind, list[Outcome]] = {EventKind.DECIDED: [], EventKind.ACTION: []}
    for row in kept:
        if row.kind is EventKind.STRUCK:
            continue
        who = names.get(row.payload.get("person") or 0)
        due = date.fromisoformat(row.payload["due"]) if row.payload.get("due") else None
        if due is None or due >= today:
            found[row.kind].append(
                Outcome(
                    row.session_id,
                    row.at,
                    row.payload["text"],
                    row.payload.get("title", ""),
                    who.name if who else "",
                    due,
                )
            )
    return Outcomes(tuple(found[EventKind.DECIDED][:SHOWN]), tuple(found[EventKind.ACTION][:SHOWN]))


def as_json(somebody: Somebody | attendance.Present) -> dict[str, Any]:
    """A person as the wire tells of them."""
    person = somebody.id if isinstance(somebody, Somebody) else somebody.person
    return {"person": person, "name": somebody.name, "administration": somebody.administration}

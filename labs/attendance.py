"""Who was in the room, from when to when. A stay is renewed while its person is there, and said to the minute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app import clock
from app.accounts.erasing import erases
from app.accounts.models import Person
from app.db import session
from app.directory.models import Administration
from app.policy import Actor
from labs.models import LabSession
from labs.session_models import SessionStay

# Who is not seen for so long has left; those who are there are renewed at a third of it.
LEASE = timedelta(seconds=30)
# A cut of the line is no absence: who is back within this time never left.
CUT = timedelta(minutes=2)


@dataclass(frozen=True)
class Present:
    person: int
    name: str
    administration: str


@dataclass(frozen=True)
class Stay:
    """One person's time in the room: when they first came and were last seen."""

    person: int
    name: str
    administration: str
    came_at: datetime
    left_at: datetime


def come(actor: Actor, session_id: int) -> int:
    """Somebody is in the room: the id of their stay."""
    now = clock.now()
    last = (
        session()
        .scalars(
            sa.select(SessionStay)
            .where(SessionStay.session_id == session_id, SessionStay.person_id == actor.id)
            .order_by(SessionStay.id.desc())
            .limit(1)
            .with_for_update()
        )
        .first()
    )
    if last is not None and now - last.seen_at <= CUT:
        last.seen_at, last.is_here = max(last.seen_at, now), True
        session().flush()
        return last.id
    stay = SessionStay(
        session_id=session_id,
        person_id=actor.id,
        administration_id=actor.administration_id,
        came_at=now,
        seen_at=now,
        is_here=True,
    )
    session().add(stay)
    session().flush()
    return stay.id


def renew(stays: Iterable[int]) -> None:
    session().execute(
        sa.update(SessionStay)
        .where(SessionStay.id.in_(set(stays)))
        .values(seen_at=clock.now(), is_here=True)
        .execution_options(synchronize_session=False)
    )


def leave(stay: int) -> None:
    session().execute(
        sa.update(SessionStay)
        .where(SessionStay.id == stay)
        .values(seen_at=clock.now(), is_here=False)
        .execution_options(synchronize_session=False)
    )


def present(session_ids: Sequence[int]) -> dict[int, tuple[Present, ...]]:
    """Who is in each of these rooms now, over all processes, by name."""
    found: dict[int, dict[int, Present]] = {session_id: {} for session_id in session_ids}
    rows = session().execute(
        sa.select(SessionStay.session_id, Person.id, Person.name, Administration.acronym, Administration.name)
        .join(Person, Person.id == SessionStay.person_id)
        .outerjoin(Administration, Administration.id == SessionStay.administration_id)
        .where(
            SessionStay.session_id.in_(session_ids),
            SessionStay.is_here,
            SessionStay.seen_at > clock.now() - LEASE,
        )
        .order_by(Person.name, Person.id)
    )
    for session_id, person, name, acronym, administration in rows:
        found[session_id][person] = Present(person, name, acronym or administration or "")
    return {session_id: tuple(people.values()) for session_id, people in found.items()}


def stays(seance: LabSession) -> list[tuple[str, list[Stay]]]:
    """Who took part, by administration and name, each with their first minute and their last; under "" who is of none.

    Of the time before the séance was opened, and after its close, nothing counts.
    """
    if seance.opened_at is None:
        return []
    until = seance.closed_at or clock.now()
    rows = session().execute(
        sa.select(
            Person.id,
            Person.name,
            Administration.name,
            sa.func.min(SessionStay.came_at),
            sa.func.max(SessionStay.seen_at),
        )
        .join(Person, Person.id == SessionStay.person_id)
        .outerjoin(Administration, Administration.id == SessionStay.administration_id)
        .where(
            SessionStay.session_id == seance.id,
            SessionStay.seen_at >= seance.opened_at,
            SessionStay.came_at <= until,
        )
        .group_by(Person.id, Person.name, Administration.name)
        .order_by(Administration.name.nulls_last(), Person.name, Person.id)
    )
    found: dict[str, list[Stay]] = {}
    for person, name, administration, came_at, left_at in rows:
        place = administration or ""
        stay = Stay(person, name, place, max(came_at, seance.opened_at), min(left_at, until))
        found.setdefault(place, []).append(stay)
    return list(found.items())


@erases
def _forget(person_id: int) -> None:
    """When somebody was there is forgotten; what they said in a room stays under their number."""
    session().execute(sa.delete(SessionStay).where(SessionStay.person_id == person_id))

"""The minutes of a séance: written by the software from its events, read over and put right by people.

Sections of plain lines, so that a facilitator changes them in plain fields; every version is kept. The software writes them
in the worker, when a séance is closed or somebody asks: counting who wrote how much reads the logs of the texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app import audit, clock
from app.accounts.erasing import erases, without
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from app.policy import Act, Actor
from labs import session_mail
from labs.minutes_text import NOTES, Section, composed
from labs.models import LabSession
from labs.room import entered
from labs.session_models import MinutesFile, SessionMinutes

LONGEST_SECTION = 20_000


@dataclass(frozen=True)
class Version:
    """One version; `made_by` is "" for the software's."""

    number: int
    made_by: str
    made_at: datetime
    sent_at: datetime | None
    sections: tuple[Section, ...]


def versions(seance: LabSession) -> list[Version]:
    """Every version, the last first."""
    rows = session().execute(
        sa.select(SessionMinutes, Person.name)
        .outerjoin(Person, Person.id == SessionMinutes.made_by)
        .where(SessionMinutes.session_id == seance.id)
        .order_by(SessionMinutes.number.desc())
    )
    return [
        Version(
            row.number,
            name or "",
            row.made_at,
            row.sent_at,
            tuple(Section(one["key"], one["title"], one["text"]) for one in row.sections),
        )
        for row, name in rows
    ]


def ask(actor: Actor, session_id: int) -> None:
    """Have the software write them (anew): what it wrote before, and what people changed, stays as earlier versions."""
    seance, _state = entered(actor, session_id, Act.LAB_LEAD, is_open=False)
    if seance.opened_at is None:
        raise Invalid(_("Le compte rendu s’écrit à partir d’une séance qui a été ouverte."))
    seance.minutes_wanted_at = clock.now()
    audit.record(actor.id, "ask_minutes", "lab_session", seance.id)


def put_right(actor: Actor, session_id: int, seen: int, written: Mapping[str, str]) -> int:
    """A new version with sections that a person changed: its number. `seen`: the version they changed."""
    seance, _state = entered(actor, session_id, Act.LAB_LEAD, is_open=False)
    last = _last(seance.id)
    if last is None:
        raise Invalid(_("Le compte rendu n’est pas encore écrit."))
    if last.number != seen:
        raise MovedOn(
            _("Une autre version a été enregistrée entre-temps : comparez, puis enregistrez de nouveau.")
        )
    sections = []
    for one in last.sections:
        text = _tidy(written.get(one["key"], one["text"]))
        if len(text) > LONGEST_SECTION:
            raise Invalid(_("Une partie a 20 000 caractères au plus."), field=one["key"])
        sections.append({**one, "text": text})
    if sections == last.sections:
        return last.number
    number = _add(seance, actor.id, sections)
    audit.record(actor.id, "change_minutes", "lab_session", seance.id, version=number)
    return number


def send(actor: Actor, session_id: int) -> int:
    """Tell the members of the lab where the last version stands: how many were told."""
    seance, _state = entered(actor, session_id, Act.LAB_LEAD, is_open=False)
    last = _last(seance.id)
    if last is None:
        raise Invalid(_("Le compte rendu n’est pas encore écrit."))
    if last.sent_at is not None:
        raise MovedOn(_("Cette version est déjà envoyée."))
    last.sent_at = clock.now()
    audit.record(actor.id, "send_minutes", "lab_session", seance.id, version=last.number)
    return session_mail.tell_minutes(seance)


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip("\n")


def _last(session_id: int) -> SessionMinutes | None:
    return (
        session()
        .scalars(
            sa.select(SessionMinutes)
            .where(SessionMinutes.session_id == session_id)
            .order_by(SessionMinutes.number.desc())
            .limit(1)
        )
        .first()
    )


def _add(seance: LabSession, made_by: int | None, sections: list[Any]) -> int:
    last = _last(seance.id)
    number = last.number + 1 if last is not None else 1
    session().add(
        SessionMinutes(
            session_id=seance.id, number=number, made_by=made_by, made_at=clock.now(), sections=sections
        )
    )
    session().flush()
    return number


def write_wanted() -> None:
    """For the worker: write the minutes that somebody waits for."""
    with reading():
        wanted = (
            session()
            .execute(
                sa.select(LabSession.id, LabSession.minutes_wanted_at)
                .where(LabSession.minutes_wanted_at.is_not(None))
                .order_by(LabSession.minutes_wanted_at)
                .limit(20)
            )
            .all()
        )
    for session_id, asked_at in wanted:
        with reading():
            sections = composed(session().get_one(LabSession, session_id))
        with unit_of_work():
            seance = session().get_one(LabSession, session_id, with_for_update=True)
            last = _last(session_id)
            kept = {one["key"]: one["text"] for one in last.sections} if last is not None else {}
            stored = [
                {**one.as_json(), "text": kept.get(NOTES, "") if one.key == NOTES else one.text}
                for one in sections
            ]
            if last is None or last.sections != stored:
                _add(seance, None, stored)
            if seance.minutes_wanted_at == asked_at:
                seance.minutes_wanted_at = None


@erases
def _forget(person_id: int) -> None:
    """The name of a person goes out of all minutes, which list who was there and may name who was not; files are set
    anew. There are as few of them as séances: each is read, whatever the name is made of."""
    person = session().get_one(Person, person_id)
    for row in session().scalars(sa.select(SessionMinutes)):
        sections = [{**one, "text": without(one["text"], person.name, person.email)} for one in row.sections]
        if sections != row.sections:
            row.sections = sections
            session().execute(
                sa.delete(MinutesFile).where(
                    MinutesFile.session_id == row.session_id, MinutesFile.number == row.number
                )
            )

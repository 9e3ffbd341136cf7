"""The séances of the demonstration: those of the past were held on their day, with their minutes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import session, unit_of_work
from app.policy import Actor
from app.seed_known import actor_of, known, lab_of, moment
from drafts.models import Article, Draft
from labs import attendance, decisions, minutes, room, sessions
from labs.minutes_text import NOTES
from labs.models import Lab, LabSession, SessionStatus


def add_sessions(entry: dict[str, Any]) -> None:
    """The séances of a lab whose drafts are there."""
    for seance in entry["sessions"]:
        with unit_of_work():
            lab = lab_of(entry)
            if not known(LabSession, lab_id=lab.id, title=seance["title"]):
                _add(actor_of(entry["facilitator"]), lab, seance, _drafts(lab, entry["drafts"]))
    # In life the worker writes them, within seconds.
    minutes.write_wanted()
    for seance in entry["sessions"]:
        if seance["minutes"]:
            with unit_of_work():
                _note(actor_of(entry["facilitator"]), lab_of(entry), seance)


def _drafts(lab: Lab, entries: list[dict[str, Any]]) -> dict[str, Draft]:
    """The drafts of a lab by the name that its séances give them."""
    keys = {draft["slug"]: draft["key"] for draft in entries}
    rows = session().execute(
        sa.select(Article.slug, Draft)
        .join(Article, Article.id == Draft.article_id)
        .where(Draft.lab_id == lab.id)
    )
    return {keys[slug]: draft for slug, draft in rows if slug in keys}


def _item(entry: dict[str, Any], texts: dict[str, Draft]) -> dict[str, Any]:
    if "draft" not in entry:
        return entry
    draft = texts[entry["draft"]]
    return {**entry, "draft": draft.id, "text": draft.title}


def _add(leader: Actor, lab: Lab, entry: dict[str, Any], texts: dict[str, Draft]) -> None:
    starts = moment(entry["day"], entry["time"])
    ends = starts + timedelta(minutes=entry["duration_minutes"])
    agenda = [_item(item, texts) for item in entry["agenda"]]
    seance = sessions.plan_session(leader, lab, entry["title"], starts, ends, entry["place"], agenda)
    if entry["status"] == SessionStatus.OPEN:
        room.open_room(leader, seance.id)
    if entry["status"] == SessionStatus.CLOSED:
        _hold(leader, seance.id, entry, starts, ends)


def _hold(leader: Actor, seance: int, entry: dict[str, Any], starts: datetime, ends: datetime) -> None:
    """A séance of the past, from its opening to its close, by the clock of that day."""
    with clock.shifted(starts - clock.now()):
        room.open_room(leader, seance)
        stays = [attendance.come(actor_of(email), seance) for email in entry["attendance"]]
    begins = starts
    for item in entry["agenda"]:
        with clock.shifted(begins - clock.now()):
            room.go_to_item(leader, seance, "next")
        begins += timedelta(minutes=item["minutes"])
    with clock.shifted(ends - clock.now()):
        for text in entry["decisions"]:
            decisions.decide(leader, seance, text)
        attendance.renew(stays)
        room.close_room(leader, seance)


def _note(leader: Actor, lab: Lab, entry: dict[str, Any]) -> None:
    """What the facilitator adds to the minutes that the software wrote."""
    seance = session().scalars(sa.select(LabSession).filter_by(lab_id=lab.id, title=entry["title"])).one()
    last = minutes.versions(seance)[0]
    if not last.made_by:
        minutes.put_right(leader, seance.id, last.number, {NOTES: "\n".join(entry["minutes"])})

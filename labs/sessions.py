"""Verbs about séances: plan one, change it, cancel it. Calendars are told each time, by mail."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import labs.policy  # noqa: F401 - registers the judge that `require` asks about a lab
from app import audit
from app.accounts.erasing import searched
from app.db import session
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from labs import agenda as agendas
from labs import session_mail
from labs.models import Lab, LabSession, SessionStatus
from labs.room import entered, line

LONGEST_TITLE, LONGEST_PLACE, LONGEST_LINK = 200, 200, 500
# A workshop of several days is several séances.
LONGEST = timedelta(hours=24)
_HOST = re.compile(r"[A-Za-z0-9.-]+\.[A-Za-z]{2,}")


def plan_session(
    actor: Actor,
    lab: Lab,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    place: str = "",
    agenda: list[Any] | None = None,
    video_link: str = "",
) -> LabSession:
    """Set a date for the lab; its members find an invitation for their calendar in their mail."""
    require(actor, Act.LAB_LEAD, lab)
    seance = LabSession(
        lab_id=lab.id,
        uid=f"seance-{secrets.token_hex(16)}",
        organiser_id=actor.id,
        status=SessionStatus.PLANNED,
        **_fields(title, starts_at, ends_at, place, video_link),
        agenda=[item.as_json() for item in agendas.read(agenda or [])],
    )
    seance.lab = lab
    session().add(seance)
    session().flush()
    audit.record(actor.id, "plan_session", "lab_session", seance.id)
    session_mail.tell_planned(seance)
    return seance


def change_session(
    actor: Actor,
    session_id: int,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    place: str = "",
    video_link: str = "",
) -> bool:
    """Change what calendars show; False when nothing differs, and then nobody is told."""
    seance, _state = entered(actor, session_id, Act.LAB_LEAD, is_open=False)
    if seance.status not in (SessionStatus.PLANNED, SessionStatus.OPEN):
        raise Invalid(_("Une séance close ou annulée ne change plus : prévoyez-en une autre."))
    fields = _fields(title, starts_at, ends_at, place, video_link)
    if all(getattr(seance, name) == value for name, value in fields.items()):
        return False
    for name, value in fields.items():
        setattr(seance, name, value)
    seance.sequence += 1
    session().flush()
    audit.record(actor.id, "change_session", "lab_session", seance.id, sequence=seance.sequence)
    session_mail.tell_changed(seance)
    return True


def cancel_session(actor: Actor, session_id: int) -> None:
    """It does not take place; calendars take it out."""
    seance, _state = entered(actor, session_id, Act.LAB_LEAD, is_open=False)
    if seance.status is not SessionStatus.PLANNED:
        raise Invalid(_("Seule une séance qui n’a pas commencé peut être annulée."))
    seance.status = SessionStatus.CANCELLED
    seance.sequence += 1
    session().flush()
    audit.record(actor.id, "cancel_session", "lab_session", seance.id, sequence=seance.sequence)
    session_mail.tell_cancelled(seance)


def _fields(
    title: str, starts_at: datetime, ends_at: datetime, place: str, video_link: str
) -> dict[str, Any]:
    if ends_at <= starts_at:
        raise Invalid(_("La fin de la séance doit venir après son début."), field="fin")
    if ends_at - starts_at > LONGEST:
        raise Invalid(_("Une séance dure 24 heures au plus."), field="fin")
    place = re.sub(r"[ \t\r\n]+", " ", place).strip()
    if len(place) > LONGEST_PLACE:
        raise Invalid(_("Écrivez le lieu en 200 caractères au plus."), field="lieu")
    return {
        "title": line(title, LONGEST_TITLE, _("Donnez à la séance un titre de 200 caractères au plus.")),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "place": place,
        "video_link": _video_link(video_link),
    }


def _video_link(link: str) -> str:
    """An https address of a host with a name, or nothing."""
    link = link.strip()
    if not link:
        return ""
    wrong = Invalid(_("Le lien de visioconférence commence par https:// et mène à un site."), field="video")
    if len(link) > LONGEST_LINK or any(ord(letter) < 0x21 or letter in '<>"\\' for letter in link):
        raise wrong
    try:
        parts = urlsplit(link)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme != "https" or parts.username is not None or not _HOST.fullmatch(host) or port == 0:
        raise wrong
    return link


searched(LabSession.title, LabSession.place, LabSession.agenda)

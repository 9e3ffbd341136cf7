"""Mails about séances: an invitation for the calendar, its changes, its end; and that the minutes are there.

They hold when and where, and a link; nothing of the texts of the lab.
"""

from __future__ import annotations

import sqlalchemy as sa

from app import clock, mail
from app.accounts.erasing import erases, without
from app.accounts.models import Person, PersonStatus
from app.db import session
from app.extensions import day_in_words
from app.extensions import gettext as _
from labs import calendar_file
from labs.calendar_file import Method, Sitting, Someone
from labs.models import LabSession, Membership

_public_url = ""


def configure(public_url: str) -> None:
    global _public_url
    _public_url = public_url


def address(seance: LabSession, more: str = "") -> str:
    """Where the séance stands, for a program or a mail."""
    return f"{_public_url}/labs/{seance.lab.slug}/seances/{seance.id}{more}"


def sitting(seance: LabSession) -> Sitting:
    """The séance as calendars are told of it."""
    organiser = session().get(Person, seance.organiser_id) if seance.organiser_id else None
    return Sitting(
        uid=seance.uid,
        sequence=seance.sequence,
        title=seance.title,
        lab=seance.lab.title,
        starts_at=seance.starts_at,
        ends_at=seance.ends_at,
        place=seance.place,
        video_link=seance.video_link,
        address=address(seance),
        is_cancelled=str(seance.status) == "cancelled",
        changed_at=clock.now(),
        organiser=Someone(organiser.name, organiser.email) if organiser else None,
    )


def when(seance: LabSession) -> str:
    """The date and the hours, with the zone they are of."""
    starts, ends = clock.local(seance.starts_at), clock.local(seance.ends_at)
    return _(
        "%(day)s, de %(from)s à %(to)s, heure de Nouméa (Pacific/Noumea, UTC+11)",
        **{"day": day_in_words(starts.date()), "from": _hour(starts), "to": _hour(ends)},
    )


def _hour(at: object) -> str:
    return f"{at:%-H}\u00a0h\u00a0{at:%M}"


def tell_planned(seance: LabSession) -> None:
    _tell(
        seance,
        Method.REQUEST,
        _("Séance : %(title)s", title=seance.title),
        _("Vous êtes invité à une séance du lab « %(lab)s ».", lab=seance.lab.title),
    )


def tell_changed(seance: LabSession) -> None:
    _tell(
        seance,
        Method.REQUEST,
        _("Séance modifiée : %(title)s", title=seance.title),
        _("Une séance du lab « %(lab)s » a changé. Voici ce qui vaut maintenant.", lab=seance.lab.title),
    )


def tell_cancelled(seance: LabSession) -> None:
    _tell(
        seance,
        Method.CANCEL,
        _("Séance annulée : %(title)s", title=seance.title),
        _("Une séance du lab « %(lab)s » n’aura pas lieu.", lab=seance.lab.title),
    )


def tell_minutes(seance: LabSession) -> int:
    """The minutes can be read: a link, none of their words. Returns how many people were told."""
    people = _members(seance)
    for person in people:
        mail.write(
            person.email,
            _("Compte rendu : %(title)s", title=seance.title),
            "\n\n".join(
                [
                    _("Bonjour %(name)s,", name=person.name),
                    _("Le compte rendu de la séance « %(title)s » du lab « %(lab)s » peut être lu à cette adresse :",
                      title=seance.title, lab=seance.lab.title),
                    address(seance, "/compte-rendu"),
                ]
            ),
        )  # fmt: skip
    return len(people)


def _tell(seance: LabSession, method: Method, subject: str, first: str) -> None:
    if seance.ends_at < clock.now():
        return  # what was written down afterwards invites nobody
    told = sitting(seance)
    facts = [seance.title, when(seance)]
    if seance.place:
        facts.append(_("Lieu : %(place)s", place=seance.place))
    if seance.video_link and method is not Method.CANCEL:
        facts.append(_("Visioconférence : %(link)s", link=seance.video_link))
    parts = [first, "\n".join(facts)]
    if method is not Method.CANCEL:
        parts += [_("L’ordre du jour et la salle sont à cette adresse :"), address(seance)]
    for person in _members(seance):
        mail.write(
            person.email,
            subject,
            "\n\n".join([_("Bonjour %(name)s,", name=person.name), *parts]),
            calendar=calendar_file.text(told, method, Someone(person.name, person.email)),
        )


def _members(seance: LabSession) -> list[Person]:
    return list(
        session().scalars(
            sa.select(Person)
            .join(Membership, Membership.person_id == Person.id)
            .where(
                Membership.lab_id == seance.lab_id,
                Membership.removed_at.is_(None),
                Person.status == PersonStatus.ACTIVE,
            )
            .order_by(Person.id)
        )
    )


@erases
def _forget(person_id: int) -> None:
    """Calendars in mails to others that name a person, as who invites or in the agenda: the mail stays, without it."""
    person = session().get_one(Person, person_id)
    rows = session().execute(
        sa.select(mail.Mail.id, mail.Mail.calendar).where(mail.Mail.calendar.is_not(None))
    )
    # A long line of a calendar is folded (RFC 5545, 3.1): a name may stand in two pieces.
    plain = {number: (calendar or "").replace("\r\n ", "") for number, calendar in rows}
    naming = [number for number, words in plain.items() if without(words, person.name, person.email) != words]
    session().execute(
        sa.update(mail.Mail)
        .where(mail.Mail.id.in_(naming))
        .values(calendar=None)
        .execution_options(synchronize_session=False)
    )

"""What administrators are told of texts that broke: words for a screen, a mail at the first occurrence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app import alerts, audit, events, mail
from app.accounts.models import Person, PersonStatus, Role
from app.db import session
from app.errors import Missing, Refused
from app.extensions import gettext as _
from app.policy import Actor, PortalRole
from drafts import faults, healing
from drafts.models import Draft
from labs.models import Lab

__all__ = ["AlertLine", "close", "open_lines"]


@dataclass(frozen=True)
class AlertLine:
    """One open alert as an administrator reads it. No word of a text, and no title of one."""

    id: int
    what: str
    where: str
    draft_id: int | None
    to_do: str
    said: str
    first_at: datetime
    count: int
    may_close: bool


def _what(kind: str) -> str:
    return {
        faults.ALERT: _("Un texte ne peut plus être relu en entier : il est en lecture seule."),
        healing.DIVERGENCE: _("Un texte ne se relisait pas comme on le voyait : il a été réécrit."),
    }.get(kind, _("Un incident a été relevé."))


def _to_do(kind: str, draft_id: int | None) -> str:
    return {
        faults.ALERT: _(
            "Sauvegardez la base, puis lancez « flask --app wsgi draft-heal %(draft)s ». Les lignes illisibles "
            "restent dans le journal, le reste du texte est repris avec ses auteurs.",
            draft=draft_id or "",
        ),
        healing.DIVERGENCE: _(
            "Rien à réparer. Relisez le texte avec ses auteurs ; ce qui n’avait pas été envoyé leur a été proposé "
            "à la copie."
        ),
    }.get(kind, _("Consultez le journal du serveur."))


def open_lines() -> list[AlertLine]:
    """The open alerts, the oldest first."""
    lines = []
    for alert in alerts.open_alerts():
        draft_id = _draft_of(alert.subject)
        lines.append(
            AlertLine(
                id=alert.id,
                what=_what(alert.kind),
                where=_where(draft_id) if draft_id is not None else alert.subject,
                draft_id=draft_id,
                to_do=_to_do(alert.kind, draft_id),
                said=alert.said,
                first_at=alert.first_at,
                count=alert.count,
                # What is still so cannot be put away by saying that one has seen it.
                may_close=alert.kind != faults.ALERT,
            )
        )
    return lines


def close(actor: Actor, alert_id: int) -> None:
    """Put away an alert that calls for nothing more. Raises Missing, and Refused for one that is still so."""
    alert = alerts.close(alert_id)
    if alert is None:
        raise Missing(_("Cette alerte n’est plus ouverte."))
    if alert.kind == faults.ALERT:
        raise Refused(_("Ce texte n’est pas encore réparé : l’alerte reste ouverte."))
    audit.record(actor.id, "close_alert", "alert", alert.id, kind=alert.kind, subject=alert.subject)


def _draft_of(subject: str) -> int | None:
    kind, _colon, number = subject.partition(":")
    return int(number) if kind == "draft" and number.isdecimal() else None


def _where(draft_id: int) -> str:
    lab = session().scalar(
        sa.select(Lab.title).join(Draft, Draft.lab_id == Lab.id).where(Draft.id == draft_id)
    )
    if lab is None:
        return _("Brouillon n° %(number)s", number=draft_id)
    return _("Brouillon n° %(number)s, lab « %(lab)s »", number=draft_id, lab=lab)


@events.on(alerts.AlertRaised, "drafts.tell_administrators")
def tell_administrators(news: alerts.AlertRaised) -> None:
    """A mail to each administrator when an alert is opened."""
    draft_id = _draft_of(news.subject)
    where = _where(draft_id) if draft_id is not None else news.subject
    body = "\n\n".join((_what(news.kind), where, _to_do(news.kind, draft_id), mail.address("/espace")))
    for recipient in session().scalars(
        sa.select(Person.email)
        .join(Role, Role.person_id == Person.id)
        .where(Role.role == PortalRole.ADMINISTRATOR, Person.status == PersonStatus.ACTIVE)
        .order_by(Person.id)
    ):
        mail.write(recipient, _("Alerte : %(what)s", what=_what(news.kind)), body + "\n")

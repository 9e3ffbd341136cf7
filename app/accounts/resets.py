"""A new password by mail, for who has lost theirs, or has none yet.

The request is the same for an address that has an account and for one that has none: it is noted, and the worker looks
afterwards whether there is anybody to write to. So neither the answer nor its time tells who has an account here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from app import audit, clock, events, mail
from app.accounts import delays, passwords
from app.accounts.key_models import HalfOpen, PasswordReset, ResetRequest
from app.accounts.models import Person, PersonKind, PersonStatus
from app.accounts.service import end_all, tell_of_password
from app.db import note, session
from app.errors import Missing
from app.extensions import gettext as _

LASTS = timedelta(minutes=30)
# So many mails an hour to one person, whoever asks: nobody's mailbox is filled by it.
MOST_AN_HOUR = 3
REQUEST_KEPT = timedelta(hours=1)
RESET_KEPT = timedelta(days=1)


@events.event
@dataclass(frozen=True)
class ResetAsked(events.Event):
    """Somebody asked for a new password. The address is in the row and not here: news is kept for longer."""

    name = "accounts.reset_asked"
    request_id: int


@dataclass(frozen=True)
class Behind:
    """Whose link it is."""

    person_id: int
    name: str
    email: str


def ask(email: str, address: str | None) -> None:
    """Note that a new password is asked for. `address` is that of the computer. Raises RateLimited when too much is asked
    from there."""
    delays.charge(delays.of_asking(address))
    row = ResetRequest(email=email.strip().lower()[:320], asked_at=clock.now())
    session().add(row)
    session().flush()
    note(ResetAsked(request_id=row.id))


@events.on(ResetAsked, "accounts.answer_reset")
def answer(news: ResetAsked) -> None:
    """Mail a link to the person of the address, if there is one. Once: the request goes with it."""
    row = session().get(ResetRequest, news.request_id)
    if row is None:
        return
    email = row.email
    session().delete(row)
    now = clock.now()
    person = (
        session()
        .scalars(
            sa.select(Person)
            .where(
                Person.email == email, Person.status == PersonStatus.ACTIVE, Person.kind == PersonKind.AGENT
            )
            .with_for_update()
        )
        .first()
    )
    if person is None:
        return
    recent = sa.select(sa.func.count()).where(
        PasswordReset.person_id == person.id, PasswordReset.made_at > now - timedelta(hours=1)
    )
    if (session().scalar(recent) or 0) >= MOST_AN_HOUR:
        return
    token = secrets.token_urlsafe(32)
    session().add(
        PasswordReset(
            token_digest=passwords.digest(token), person_id=person.id, made_at=now, expires_at=now + LASTS
        )
    )
    audit.record(None, "ask_reset", "person", person.id)
    body = _(
        "Bonjour %(name)s,\n\n"
        "Pour choisir un nouveau mot de passe, ouvrez ce lien. Il sert une seule fois, pendant trente minutes :\n\n"
        "%(address)s\n\n"
        "Si vous n’avez rien demandé, ignorez ce message : votre mot de passe reste le même.",
        name=person.name,
        address=mail.address(f"/connexion/oubli/{token}"),
    )
    mail.write(person.email, _("Votre nouveau mot de passe"), body + "\n", secret=True)


def behind(token: str) -> Behind:
    """Whose link it is. Raises Missing for one that was used, is over, or never was."""
    _row, person = _good(token)
    return Behind(person.id, person.name, person.email)


def choose(token: str, new_hash: str) -> None:
    """Give the person of the link the password behind `new_hash` (`service.new_password`). Their other links, their
    sessions, and whatever was half open end; who waited after wrong passwords waits no longer. Raises Missing."""
    row, person = _good(token, lock=True)
    person.password_hash = new_hash
    session().execute(
        sa.update(PasswordReset)
        .where(PasswordReset.person_id == person.id, PasswordReset.used_at.is_(None))
        .values(used_at=clock.now())
    )
    session().execute(sa.delete(HalfOpen).where(HalfOpen.person_id == person.id))
    delays.lift(delays.of_account(person.email), delays.of_code(person.id))
    end_all(person.id)
    audit.record(person.id, "reset_password", "person", person.id)
    tell_of_password(person)
    session().expire(row)


def purge() -> None:
    now = clock.now()
    session().execute(sa.delete(ResetRequest).where(ResetRequest.asked_at < now - REQUEST_KEPT))
    session().execute(sa.delete(PasswordReset).where(PasswordReset.expires_at < now - RESET_KEPT))


def _good(token: str, *, lock: bool = False) -> tuple[PasswordReset, Person]:
    row = session().get(PasswordReset, passwords.digest(token[:100]), with_for_update=lock)
    person = session().get(Person, row.person_id, with_for_update=lock) if row is not None else None
    if (
        row is None
        or person is None
        or row.used_at is not None
        or row.expires_at <= clock.now()
        or person.status is not PersonStatus.ACTIVE
    ):
        raise Missing(
            _(
                "Ce lien ne sert plus : il a déjà servi, il a plus de trente minutes, ou l’adresse n’est pas entière."
            )
        )
    return row, person

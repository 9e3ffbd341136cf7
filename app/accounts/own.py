"""What a person sees of their own account, and the purge of what nobody needs of it any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app import clock
from app.accounts import delays, devices, resets, second_factor
from app.accounts.models import Person, SignIn
from app.db import session
from app.policy import Actor

# A session that is over is kept for a month, for who asks what happened to their account.
ENDED_KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Session:
    id: int
    device: str
    begun_at: datetime
    seen_at: datetime
    ends_at: datetime
    is_this: bool
    shared_computer: bool


@dataclass(frozen=True)
class Account:
    name: str
    email: str
    administration: str
    has_password: bool
    second_factor: second_factor.Standing
    sessions: tuple[Session, ...]


def account_of(actor: Actor) -> Account:
    """A person's own account: this session first, then those seen last."""
    person = session().get_one(Person, actor.id)
    rows = session().scalars(
        sa.select(SignIn)
        .where(SignIn.person_id == actor.id, SignIn.revoked_at.is_(None), SignIn.expires_at > clock.now())
        .order_by(SignIn.seen_at.desc(), SignIn.id.desc())
        .limit(100)
    )
    found = [
        Session(
            id=row.id,
            device=devices.in_words(row.device),
            begun_at=row.created_at,
            seen_at=row.seen_at,
            ends_at=row.ends_at or row.expires_at,
            is_this=row.id == actor.session_id,
            shared_computer=row.shared_computer,
        )
        for row in rows
    ]
    return Account(
        name=person.name,
        email=person.email,
        administration=person.administration.name if person.administration else "",
        has_password=person.password_hash is not None,
        second_factor=second_factor.standing(person.id),
        sessions=tuple(sorted(found, key=lambda one: not one.is_this)),
    )


def purge() -> None:
    """What is over: failures, links, half-open sign-ins, secrets that were never confirmed, old sessions."""
    delays.purge()
    resets.purge()
    second_factor.purge()
    before = clock.now() - ENDED_KEPT
    session().execute(sa.delete(SignIn).where(sa.or_(SignIn.expires_at < before, SignIn.revoked_at < before)))

"""What proves a person beside their password, and what stands in for a lost one. Secrets are digests, or sealed."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId

# Wrong codes after which the password has to be given again.
MOST_TRIES = 5


# A name that tells its owner which program has the token.
TOKEN_NAME = 80


def _of_a_person(**options: bool) -> Mapped[int]:
    return mapped_column(sa.ForeignKey("person.id", ondelete="CASCADE"), **options)  # type: ignore[arg-type]


class ResetRequest(Base):
    """Somebody asked for a new password: the address as it was typed, until the worker has looked at it (seconds)."""

    __tablename__ = "reset_request"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(320))
    asked_at: Mapped[datetime]


class PasswordReset(Base):
    """A link that was mailed. The mail holds the token, this row its digest."""

    __tablename__ = "password_reset"
    token_digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    person_id: Mapped[int] = _of_a_person(index=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    __table_args__ = (sa.CheckConstraint("expires_at > made_at", name="lasts"),)


class SecondFactor(Base):
    """The secret that a person's telephone and we share (RFC 6238), sealed (app.accounts.seals)."""

    __tablename__ = "second_factor"
    person_id: Mapped[int] = _of_a_person(primary_key=True)
    sealed: Mapped[str] = mapped_column(sa.String(200))
    begun_at: Mapped[datetime]
    # None: it is being set up, and asked of nobody yet.
    confirmed_at: Mapped[datetime | None]
    # The step of the last code that was taken: it and those before it are worth nothing any more.
    last_step: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class RecoveryCode(Base):
    """A code on paper for who has lost their telephone; its row goes when it is used."""

    __tablename__ = "recovery_code"
    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    person_id: Mapped[int] = _of_a_person(index=True)


class HalfOpen(Base):
    """A right password, or a provider's word, whose second factor is awaited. It opens nothing, and serves once."""

    __tablename__ = "half_open"
    token_digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    person_id: Mapped[int] = _of_a_person(index=True)
    expires_at: Mapped[datetime]
    shared_computer: Mapped[bool]
    # Where the person wanted to go: a path of this house.
    target: Mapped[str] = mapped_column(sa.String(500), default="")
    # By which way in they came, and what it wants to be told (`app.accounts.entering`).
    came_by: Mapped[str] = mapped_column(sa.Text, default="")
    tries: Mapped[int] = mapped_column(default=0)
    __table_args__ = (sa.CheckConstraint(f"tries BETWEEN 0 AND {MOST_TRIES}", name="tries_bounded"),)


class PersonalToken(Base):
    """What lets a program read in a person's name (`app.accounts.tokens`). The program holds it, this row its digest."""

    __tablename__ = "personal_token"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    person_id: Mapped[int] = _of_a_person(index=True)
    name: Mapped[str] = mapped_column(sa.String(TOKEN_NAME))
    # How it begins, by which its owner knows it again.
    prefix: Mapped[str] = mapped_column(sa.String(12))
    scopes: Mapped[list[str]]
    # Whether the sign-in that made it had a second factor; without one the same roles wait as in a session.
    second_factor: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    # The day of Nouméa, no more: when exactly a program asked is nobody's affair.
    used_on: Mapped[date | None]
    __table_args__ = (
        sa.CheckConstraint("expires_at > made_at", name="lasts"),
        sa.CheckConstraint("length(token_digest) = 64", name="digest_whole"),
        sa.CheckConstraint("length(name) > 0", name="named"),
    )

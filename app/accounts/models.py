"""People, roles and sign-in sessions. Names stand here only; evidence and audit hold ids."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, BigId, Word, one_of
from app.directory.models import Administration
from app.policy import PortalRole

NAME_LENGTH = 128  # a name of a megabyte was broadcast to everybody in a comparable tool
REASON_LENGTH = 300


class PersonStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


class PersonKind(StrEnum):
    """A guest has no account: they come by a link that is mailed to them, into one lab. A citizen comes through a
    provider of identities, and has no place in the house of the agents."""

    AGENT = "agent"
    GUEST = "guest"
    CITIZEN = "citizen"


class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(320), unique=True)
    name: Mapped[str] = mapped_column(sa.String(NAME_LENGTH))
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))
    administration_id: Mapped[int | None] = mapped_column(sa.ForeignKey("administration.id"), index=True)
    status: Mapped[PersonStatus] = mapped_column(Word(PersonStatus), default=PersonStatus.ACTIVE)
    kind: Mapped[PersonKind] = mapped_column(
        Word(PersonKind), default=PersonKind.AGENT, server_default=PersonKind.AGENT
    )
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    # Why the account was suspended, or opened again; for administrators.
    status_reason: Mapped[str] = mapped_column(sa.String(REASON_LENGTH), default="", server_default="")
    # Counts what administrators changed, so that of two who change it at one moment the second one hears it.
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    # Name and address are gone for ever (app.accounts.erasing); the database refuses every change after it.
    erased_at: Mapped[datetime | None]
    administration: Mapped[Administration | None] = relationship()
    roles: Mapped[list[Role]] = relationship(cascade="all, delete-orphan")
    __table_args__ = (
        one_of("status", PersonStatus),
        sa.CheckConstraint("email = lower(email)", name="email_lower"),
        one_of("kind", PersonKind),
        sa.CheckConstraint(
            "kind = 'agent' OR (administration_id IS NULL AND password_hash IS NULL)",
            name="guest_from_outside",
        ),
    )


class Role(Base):
    """A role held for the portal, or for one administration (a reviewer, a mediator)."""

    __tablename__ = "role"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="CASCADE"), index=True)
    role: Mapped[PortalRole] = mapped_column(Word(PortalRole))
    administration_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("administration.id", ondelete="CASCADE")
    )
    __table_args__ = (
        one_of("role", PortalRole),
        sa.UniqueConstraint("person_id", "role", "administration_id"),
        # NULL equals nothing, so the constraint above lets a role for the portal be held twice.
        sa.Index(
            "uq_role_portal",
            "person_id",
            "role",
            unique=True,
            sqlite_where=sa.text("administration_id IS NULL"),
            postgresql_where=sa.text("administration_id IS NULL"),
        ),
        sa.CheckConstraint("role <> 'reviewer' OR administration_id IS NOT NULL", name="reviewer_of_one"),
    )


class SignIn(Base):
    """One sign-in session. The cookie holds a random token, this row only its digest."""

    __tablename__ = "sign_in"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    # Not beyond this moment, whatever is done: that of a guest ends with their link.
    ends_at: Mapped[datetime | None]
    # What it opens, and nothing else (Actor.confined_to).
    confined_to: Mapped[str | None] = mapped_column(sa.String(80))
    revoked_at: Mapped[datetime | None]
    shared_computer: Mapped[bool] = mapped_column(default=False)
    # Whether a second factor was given; without one the roles that publish or administer wait (app.accounts.obliged).
    second_factor: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    # What the person is told of it: "firefox/windows", nothing more of what the browser says (app.accounts.devices).
    device: Mapped[str] = mapped_column(sa.String(40), default="", server_default="")


class SignInFailure(Base):
    """Failed attempts, for the delay: of an account (a digest of its name) or of a neighbourhood of addresses (a digest
    made with a key). Erased by a success and by the purge (app.accounts.delays)."""

    __tablename__ = "sign_in_failure"
    account_digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]

"""Experts: who was asked for advice on one frozen text by a link of their own, and what they advised.

An expert has no account. Advice is never a sign-off: nothing of a review's outcome points here.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.mailed_links import MailedLink, link_rules
from app.accounts.models import NAME_LENGTH
from app.db import Base, BigId, Word, one_of

LONGEST_ADVICE = 4000
LONGEST_REASON = 2000
LONGEST_QUOTE = 2000
# What stands in the place of an address that was forgotten; nothing is ever mailed to this domain (RFC 2606).
GONE = "@erased.invalid"


class Opinion(StrEnum):
    FAVOURABLE = "favourable"
    RESERVED = "reserved"
    UNFAVOURABLE = "unfavourable"


class ExpertInvitation(MailedLink, Base):
    """A named, expiring, revocable link to one revision.

    `opened_count` and `opened_at` count the readings after the address was confirmed: programs that look at links in
    mails confirm nothing.
    """

    __tablename__ = "expert_invitation"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    revision_id: Mapped[int] = mapped_column(sa.ForeignKey("revision.id"))
    name: Mapped[str] = mapped_column(sa.String(NAME_LENGTH))
    email: Mapped[str] = mapped_column(sa.String(320))
    reason: Mapped[str] = mapped_column(sa.Text)
    opened_count: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime | None]
    # Name, address and token are gone for ever (drafts.forgetting); the database refuses every change after it.
    erased_at: Mapped[datetime | None]
    __table_args__ = (
        # The target of the keys below: advice belongs to the revision that the link leads to, and to no other.
        sa.UniqueConstraint("id", "revision_id"),
        sa.CheckConstraint("length(name) >= 1 AND length(reason) >= 1", name="says_who_and_why"),
        sa.CheckConstraint(f"length(reason) <= {LONGEST_REASON}", name="reason_bounded"),
        sa.CheckConstraint("email = lower(email)", name="email_lower"),
        *link_rules(),
        sa.CheckConstraint(
            "(opened_count = 0) = (opened_at IS NULL) AND (opened_count = 0 OR confirmed_at IS NOT NULL)",
            name="read_once_confirmed",
        ),
        # One living link for each address.
        sa.Index(
            "uq_expert_invitation_living",
            "revision_id",
            "email",
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        ),
    )

    @property
    def has_address(self) -> bool:
        """Whether it is still known where the link was mailed to."""
        return not self.email.endswith(GONE)


class ExpertOpinion(Base):
    """What an expert advises, once; changed while the review is open (triggers say so)."""

    __tablename__ = "expert_opinion"
    invitation_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    revision_id: Mapped[int] = mapped_column(BigId, index=True)
    opinion: Mapped[Opinion] = mapped_column(Word(Opinion))
    text: Mapped[str] = mapped_column(sa.Text)
    given_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    __table_args__ = (
        one_of("opinion", Opinion),
        sa.ForeignKeyConstraint(
            ["invitation_id", "revision_id"],
            ["expert_invitation.id", "expert_invitation.revision_id"],
            name="fk_expert_opinion_invitation",
        ),
        sa.CheckConstraint(f"length(text) BETWEEN 1 AND {LONGEST_ADVICE}", name="text_bounded"),
    )


class ExpertRemark(Base):
    """A remark of an expert on a block of the frozen text, or with an empty quotation on the whole of it."""

    __tablename__ = "expert_remark"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    invitation_id: Mapped[int] = mapped_column(BigId, index=True)
    revision_id: Mapped[int] = mapped_column(BigId, index=True)
    block_id: Mapped[str | None] = mapped_column(sa.String(32))
    quote: Mapped[str] = mapped_column(sa.String(LONGEST_QUOTE), default="")
    text: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime]
    resolved_by: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    resolved_at: Mapped[datetime | None]
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["invitation_id", "revision_id"],
            ["expert_invitation.id", "expert_invitation.revision_id"],
            name="fk_expert_remark_invitation",
        ),
        sa.CheckConstraint(f"length(text) BETWEEN 1 AND {LONGEST_ADVICE}", name="text_bounded"),
        sa.CheckConstraint(f"length(quote) <= {LONGEST_QUOTE}", name="quote_bounded"),
        sa.CheckConstraint("(resolved_by IS NULL) = (resolved_at IS NULL)", name="resolved_by_somebody"),
    )

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

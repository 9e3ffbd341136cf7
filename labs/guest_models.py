"""Guests of a lab: partners without an account, who come by a link that is mailed to them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.mailed_links import MailedLink, link_rules
from app.accounts.models import Person
from app.db import Base, BigId, Word
from labs.models import Lab
from labs.roles import Right

# What a guest can be given. Who could only read would be a reader of a workshop in which nobody hears them.
GUEST_RIGHTS = (Right.REMARK, Right.SUGGEST, Right.WRITE)


class GuestLink(MailedLink, Base):
    """The link of one person into one lab. Who they are stands in their row of `person`, and what they may do, once
    the address is confirmed, in their membership; `right` is what was given at the beginning."""

    __tablename__ = "guest_link"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    lab_id: Mapped[int] = mapped_column(sa.ForeignKey("lab.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="CASCADE"), index=True)
    right: Mapped[Right] = mapped_column("right_held", Word(Right))
    lab: Mapped[Lab] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    __table_args__ = (
        sa.CheckConstraint("right_held IN ('remark', 'suggest', 'write')", name="right_of_a_guest"),
        *link_rules(),
        # One living link of a person into a lab.
        sa.Index(
            "uq_guest_link_living",
            "lab_id",
            "person_id",
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        ),
    )

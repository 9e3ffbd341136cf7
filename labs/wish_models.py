"""Wishes: what citizens ask for, and what becomes of it.

Two things are decided of a wish, by different people. Its *standing* is whether the public may read it: a moderator says so, and
refuses only what breaks a rule. Its *status* is what becomes of what is asked. Words are plain text. A wish that says what another
one says is merged into it, and its address leads there.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId, Word, one_of

LONGEST_TITLE, LONGEST_NEED, LONGEST_REASON, LONGEST_ADDRESS = 150, 3000, 1000, 320
LONGEST_NOTE, LONGEST_LINK = 300, 500


class Standing(StrEnum):
    WAITING = "waiting"
    SHOWN = "shown"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class WishStatus(StrEnum):
    RECEIVED = "received"
    UNDER_STUDY = "under_study"
    PLANNED = "planned"
    PUBLISHED = "published"
    REFUSED = "refused"


class Channel(StrEnum):
    """How a wish came. All but the first are keyed in by an agent."""

    SITE = "site"
    FACEBOOK = "facebook"
    COUNTER = "counter"
    PHONE = "phone"
    MAIL = "mail"
    MEDIATOR = "mediator"
    CALL = "call"
    OTHER = "other"


class WishDeed(StrEnum):
    FILED = "filed"
    CORRECTED = "corrected"
    SHOWN = "shown"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    TAKEN_UP = "taken_up"
    PLANNED = "planned"
    DECLINED = "declined"
    PUBLISHED = "published"
    # Another wish was merged into this one; this one was merged into another; or it stands for itself again.
    JOINED = "joined"
    MERGED = "merged"
    ALONE = "alone"


# Whoever withdraws a wish takes it back for ever; what a moderator decided may be decided anew.
STANDINGS: dict[Standing, frozenset[Standing]] = {
    Standing.WAITING: frozenset({Standing.SHOWN, Standing.REFUSED, Standing.WITHDRAWN}),
    Standing.SHOWN: frozenset({Standing.REFUSED, Standing.WITHDRAWN}),
    Standing.REFUSED: frozenset({Standing.SHOWN, Standing.WITHDRAWN}),
    Standing.WITHDRAWN: frozenset(),
}
# A plan may be moved to another cycle, a refusal thought over; what is published stays so.
STATUSES: dict[WishStatus, frozenset[WishStatus]] = {
    WishStatus.RECEIVED: frozenset({WishStatus.UNDER_STUDY, WishStatus.PUBLISHED, WishStatus.REFUSED}),
    WishStatus.UNDER_STUDY: frozenset({WishStatus.PLANNED, WishStatus.PUBLISHED, WishStatus.REFUSED}),
    WishStatus.PLANNED: frozenset({WishStatus.PLANNED, WishStatus.PUBLISHED, WishStatus.REFUSED}),
    WishStatus.REFUSED: frozenset({WishStatus.UNDER_STUDY, WishStatus.PUBLISHED}),
    WishStatus.PUBLISHED: frozenset(),
}


class Wish(Base):
    __tablename__ = "wish"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(LONGEST_TITLE))
    need: Mapped[str] = mapped_column(sa.String(LONGEST_NEED))
    standing: Mapped[Standing] = mapped_column(Word(Standing), default=Standing.WAITING)
    # Why a moderator refused it.
    standing_reason: Mapped[str] = mapped_column(sa.String(LONGEST_REASON), default="")
    # Something in it looks like personal data: it is shown to moderators first.
    held: Mapped[bool] = mapped_column(default=False)
    status: Mapped[WishStatus] = mapped_column(Word(WishStatus), default=WishStatus.RECEIVED)
    # Why nothing will be done, or how it is answered without a page of ours.
    reason: Mapped[str] = mapped_column(sa.String(LONGEST_REASON), default="")
    channel: Mapped[Channel] = mapped_column(Word(Channel), default=Channel.SITE)
    source_url: Mapped[str] = mapped_column(sa.String(LONGEST_LINK), default="")
    # For agents only.
    note: Mapped[str] = mapped_column(sa.String(LONGEST_NOTE), default="")
    entered_by: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    administration_id: Mapped[int | None] = mapped_column(sa.ForeignKey("administration.id"), index=True)
    lab_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lab.id"), index=True)
    cycle_number: Mapped[int | None] = mapped_column(sa.ForeignKey("cycle.number"), index=True)
    merged_into: Mapped[int | None] = mapped_column(sa.ForeignKey("wish.id"), index=True)
    # Of the form it was sent with: sent again, it is the same wish.
    key: Mapped[str] = mapped_column(sa.String(32), unique=True)
    filed_at: Mapped[datetime]
    # Whom to tell; "" for nobody. The number is that of the address given last, so that the link that confirms one confirms no other.
    email: Mapped[str] = mapped_column(sa.String(LONGEST_ADDRESS), default="")
    email_number: Mapped[int] = mapped_column(default=0)
    email_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    # The number of its last event. Who acts says which one they saw.
    version: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        one_of("standing", Standing),
        one_of("status", WishStatus),
        one_of("channel", Channel),
        sa.CheckConstraint("standing <> 'refused' OR standing_reason <> ''", name="refused_for_a_reason"),
        sa.CheckConstraint("status <> 'refused' OR reason <> ''", name="declined_for_a_reason"),
        sa.CheckConstraint(
            "status NOT IN ('under_study', 'planned') OR lab_id IS NOT NULL", name="studied_by_a_lab"
        ),
        sa.CheckConstraint("status <> 'planned' OR cycle_number IS NOT NULL", name="planned_in_a_cycle"),
        sa.CheckConstraint("channel = 'site' OR entered_by IS NOT NULL", name="entered_by_somebody"),
        sa.CheckConstraint("merged_into IS NULL OR merged_into <> id", name="merged_elsewhere"),
        sa.CheckConstraint("confirmed_at IS NULL OR email <> ''", name="confirmed_address"),
        # The moderators' queue: what is held first, then the oldest.
        sa.Index("ix_wish_queue", "standing", "held", "id"),
    )


class WishSupport(Base):
    """A reader supports a wish (`publish.visitors.mark`). A mark is of that wish alone, so that nothing joins what a reader
    supports; it goes along when the wish is merged into another. No instant, no address."""

    __tablename__ = "wish_support"
    wish_id: Mapped[int] = mapped_column(sa.ForeignKey("wish.id", ondelete="CASCADE"), primary_key=True)
    mark: Mapped[str] = mapped_column(sa.String(32), primary_key=True)


class WishEvent(Base):
    """What was done to a wish, numbered from one: of two acts at one moment one has the number. Who did it is not shown."""

    __tablename__ = "wish_event"
    wish_id: Mapped[int] = mapped_column(sa.ForeignKey("wish.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    deed: Mapped[WishDeed] = mapped_column(Word(WishDeed))
    note: Mapped[str] = mapped_column(sa.String(LONGEST_REASON), default="")
    # The lab of a study, the cycle of a plan, the other wish of a merger.
    about: Mapped[int | None] = mapped_column(sa.BigInteger)
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    __table_args__ = (
        one_of("deed", WishDeed),
        sa.CheckConstraint("number >= 1", name="counted_from_one"),
    )

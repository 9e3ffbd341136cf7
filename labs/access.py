"""A place in a lab, and the news that somebody's rights changed: what every verb about people needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app import clock, events
from app.accounts.models import Person, PersonStatus
from app.db import note, session, unless_somebody_was_first
from app.errors import Invalid
from app.extensions import gettext as _
from labs.models import Lab, Membership
from labs.roles import Right


@events.event
@dataclass(frozen=True)
class LabAccessChanged(events.Event):
    """Somebody's rights in a lab changed: open tables ask again."""

    name = "labs.access_changed"
    lab_id: int


def place_of(lab: Lab, person_id: int) -> Membership | None:
    """The place of a person in a lab, also one they have left."""
    return session().scalars(sa.select(Membership).filter_by(lab_id=lab.id, person_id=person_id)).first()


def living(lab: Lab, person_id: int) -> Membership:
    """The place somebody has now. Raises Invalid when they have none."""
    member = place_of(lab, person_id)
    if member is None or member.removed_at is not None:
        raise Invalid(_("Cette personne ne fait plus partie du lab."))
    return member


def seat(
    lab: Lab, person: Person, right: Right, is_facilitator: bool = False, until: datetime | None = None
) -> Membership:
    """Give somebody a place, or the one back that they had. Disturbs nobody who is at a table.

    Raises Invalid when they have one. Whether they may is for who calls to know.
    """
    member = place_of(lab, person.id)
    if member is not None and member.removed_at is None:
        raise Invalid(_("Cette personne fait déjà partie du lab."))
    if member is None:
        member = Membership(lab_id=lab.id, person_id=person.id, joined_at=clock.now())
    # Whole before it is written: the database looks at what a guest is given.
    member.right, member.is_facilitator, member.until, member.removed_at = right, is_facilitator, until, None
    with unless_somebody_was_first(_("Cette personne vient d’entrer dans le lab : rechargez la page.")):
        session().add(member)
    access_changed(lab)
    return member


def keep_a_facilitator(lab: Lab, leaving: int) -> None:
    """Raises Invalid when nobody else facilitates the lab. The lab is under lock, so that of two who leave at one moment
    the second one hears it."""
    session().execute(sa.select(Lab.id).where(Lab.id == lab.id).with_for_update())
    others = session().scalar(
        sa.select(sa.func.count())
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.lab_id == lab.id,
            Membership.is_facilitator,
            # Whose account is suspended leads nothing.
            Person.status == PersonStatus.ACTIVE,
            Membership.removed_at.is_(None),
            Membership.person_id != leaving,
        )
    )
    if not others:
        raise Invalid(_("Un lab garde toujours un animateur : nommez-en un autre d’abord."))


def take_out(lab: Lab, member: Membership) -> None:
    """The place is empty from now on; what was done there stays."""
    member.removed_at = clock.now()
    access_changed(lab)


def access_changed(lab: Lab) -> None:
    session().flush()
    session().execute(sa.update(Lab).where(Lab.id == lab.id).values(access_epoch=Lab.access_epoch + 1))
    session().refresh(lab, ["access_epoch"])
    note(LabAccessChanged(lab_id=lab.id))

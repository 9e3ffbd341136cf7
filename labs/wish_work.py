"""Verbs about what becomes of a wish: a lab takes it up, plans it, says no; two become one; it is answered."""

from __future__ import annotations

import sqlalchemy as sa

from app.db import session
from app.directory.models import Administration
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from labs import service, wish_steps
from labs.cycle_models import Cycle
from labs.models import Lab
from labs.wish_models import Standing, Wish, WishDeed, WishStatus


def take_up(actor: Actor, lab: Lab, wish: Wish, seen: int) -> None:
    """A lab studies it; said by who facilitates the lab."""
    require(actor, Act.LAB_LEAD, lab)
    wish_steps.lock_living(wish, seen)
    wish_steps.become(wish, WishStatus.UNDER_STUDY)
    wish.lab_id, wish.reason = lab.id, ""
    wish_steps.done(wish, WishDeed.TAKEN_UP, actor.id, about=lab.id)


def found_lab_for(
    actor: Actor, wish: Wish, seen: int, title: str, purpose: str, administration: Administration
) -> Lab:
    """A lab of its own, which studies it."""
    lab = service.create_lab(actor, title, purpose, administration)
    take_up(actor, lab, wish, seen)
    return lab


def plan(actor: Actor, wish: Wish, cycle: Cycle, seen: int) -> None:
    """Its lab works on it in this cycle. Raises Invalid for a cycle that is over."""
    require(actor, Act.WISH_DECIDE, wish)
    if cycle.is_past:
        raise Invalid(_("Ce cycle est fini : choisissez celui qui court, ou le suivant."), field="cycle")
    wish_steps.lock_living(wish, seen)
    if wish.status is WishStatus.PLANNED and wish.cycle_number == cycle.number:
        return
    wish_steps.become(wish, WishStatus.PLANNED)
    wish.cycle_number = cycle.number
    wish_steps.done(wish, WishDeed.PLANNED, actor.id, about=cycle.number)


def refuse_with_reason(actor: Actor, wish: Wish, seen: int, reason: str) -> None:
    """Nothing will be done about what it asks; everybody reads why."""
    require(actor, Act.WISH_DECIDE, wish)
    reason = wish_steps.reason_in(reason)
    wish_steps.lock_living(wish, seen)
    wish_steps.become(wish, WishStatus.REFUSED)
    wish.reason = reason
    wish_steps.done(wish, WishDeed.DECLINED, actor.id, reason)


def mark_published(actor: Actor | None, wish: Wish, seen: int | None = None) -> None:
    """It is answered by a page; None: it follows from the publication of a draft that answers it."""
    if actor is not None:
        require(actor, Act.WISH_DECIDE, wish)
    wish_steps.lock_living(wish, seen)
    wish_steps.become(wish, WishStatus.PUBLISHED)
    wish.reason = ""
    wish_steps.done(wish, WishDeed.PUBLISHED, actor.id if actor is not None else None)


def merge(actor: Actor, wish: Wish, into: Wish, seen: int) -> None:
    """It says what another one says: its address leads there, and whoever supports it supports the other, once.

    What a lab does about it goes over where nobody has done anything about the other yet.
    """
    require(actor, Act.WISH_MERGE, wish)
    if wish.id == into.id:
        raise Invalid(_("Choisissez un autre souhait que celui-ci."), field="into")
    # In the order of their numbers, so that two who merge them into one another do not wait for each other.
    locked = sa.select(Wish.id).where(Wish.id.in_([wish.id, into.id])).order_by(Wish.id).with_for_update()
    session().execute(locked)
    wish_steps.lock(wish, seen)
    wish_steps.lock(into, None)
    if into.standing is not Standing.SHOWN or into.merged_into is not None:
        raise Invalid(_("Choisissez un souhait que le public peut lire."), field="into")
    if wish.merged_into is not None or wish.standing not in (Standing.WAITING, Standing.SHOWN):
        raise MovedOn(wish_steps.moved_on())
    if into.status is WishStatus.RECEIVED:
        into.lab_id, into.cycle_number, into.reason = wish.lab_id, wish.cycle_number, wish.reason
        into.status = wish.status
    for one in wish_steps.joined_to(wish):
        one.merged_into = into.id
    session().flush()
    wish.standing, wish.merged_into, wish.held = Standing.SHOWN, into.id, False
    wish_steps.move_supports(wish.id, into.id)
    wish_steps.done(wish, WishDeed.MERGED, actor.id, about=into.id)
    wish_steps.done(into, WishDeed.JOINED, actor.id, about=wish.id)

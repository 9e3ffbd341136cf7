"""Verbs about cycles: make one, change it, and say that a lab works in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from app import audit, clock
from app.accounts.erasing import searched
from app.db import session, unless_somebody_was_first
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from labs.cycle_models import LASTS, LONGEST_GOAL, MOST_GOALS, Cycle, CycleLab
from labs.models import Lab
from labs.policy import CYCLES


def make_cycle(actor: Actor, starts_on: date, goals: Sequence[str]) -> Cycle:
    """Six weeks from a day on. Raises Invalid when they would overlap with others, or without a goal."""
    require(actor, Act.CYCLE_EDIT, CYCLES)
    goals = _goals(goals)
    _apart(starts_on, None)
    last = session().scalar(sa.select(sa.func.max(Cycle.number))) or 0
    cycle = Cycle(number=last + 1, starts_on=starts_on, goals=goals, made_by=actor.id, made_at=clock.now())
    with unless_somebody_was_first(_("Un cycle vient d’être créé : rechargez la page.")):
        session().add(cycle)
    audit.record(actor.id, "make_cycle", "cycle", cycle.number, starts_on=starts_on.isoformat())
    return cycle


def change_cycle(actor: Actor, cycle: Cycle, starts_on: date, goals: Sequence[str]) -> None:
    """Other goals, or another day. Raises Invalid for another day of a cycle that has begun."""
    require(actor, Act.CYCLE_EDIT, cycle)
    goals = _goals(goals)
    if starts_on != cycle.starts_on:
        if cycle.is_now or cycle.is_past:
            raise Invalid(_("Ce cycle a commencé : ses dates ne changent plus."), field="starts_on")
        _apart(starts_on, cycle.number)
    cycle.starts_on, cycle.goals = starts_on, goals
    session().flush()
    audit.record(actor.id, "change_cycle", "cycle", cycle.number, starts_on=starts_on.isoformat())


def _goals(goals: Sequence[str]) -> list[str]:
    said = [" ".join(goal.split(" ")).strip() for goal in goals]
    said = [goal for goal in said if goal]
    if not said:
        raise Invalid(_("Donnez au moins un but à ce cycle."), field="goals")
    if len(said) > MOST_GOALS or any(len(goal) > LONGEST_GOAL for goal in said):
        raise Invalid(
            _("Donnez 12 buts au plus, de 300 caractères au plus chacun, un par ligne."), field="goals"
        )
    return said


def _apart(starts_on: date, but: int | None) -> None:
    near = session().scalar(
        sa.select(Cycle.number).where(
            Cycle.starts_on > starts_on - LASTS,
            Cycle.starts_on < starts_on + LASTS,
            Cycle.number != (but or 0),
        )
    )
    if near is not None:
        raise Invalid(
            _("Ces six semaines en croisent d’autres : celles du cycle %(number)s.", number=near),
            field="starts_on",
        )


def assign(actor: Actor, cycle: Cycle, lab: Lab) -> None:
    """A lab works in a cycle; said by who facilitates it, or by an administrator. Said twice it is said once."""
    _may_assign(actor, cycle, lab)
    if cycle.is_past:
        raise Invalid(_("Ce cycle est fini : choisissez celui qui court, ou le suivant."))
    if session().get(CycleLab, (cycle.number, lab.id)) is None:
        with unless_somebody_was_first(_("Ce lab vient d’être placé dans ce cycle : rechargez la page.")):
            session().add(CycleLab(cycle_number=cycle.number, lab_id=lab.id, since=clock.now()))
        audit.record(actor.id, "assign_cycle", "lab", lab.id, cycle=cycle.number)


def unassign(actor: Actor, cycle: Cycle, lab: Lab) -> None:
    """The lab does not work in this cycle after all. Raises Invalid once the cycle is over: what was, was."""
    _may_assign(actor, cycle, lab)
    if cycle.is_past:
        raise Invalid(_("Ce cycle est fini : choisissez celui qui court, ou le suivant."))
    row = session().get(CycleLab, (cycle.number, lab.id))
    if row is not None:
        session().delete(row)
        session().flush()
        audit.record(actor.id, "unassign_cycle", "lab", lab.id, cycle=cycle.number)


def _may_assign(actor: Actor, cycle: Cycle, lab: Lab) -> None:
    if Act.CYCLE_EDIT not in require(actor, Act.CYCLE_SEE, cycle):
        require(actor, Act.LAB_LEAD, lab)


searched(Cycle.goals)

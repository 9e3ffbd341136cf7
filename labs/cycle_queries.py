"""What the pages of the cycles show, as plain values. What became of the texts is hung from above, at « cycle »."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from app.db import session
from app.errors import Missing
from app.extensions import gettext as _
from app.policy import Act, Actor, acts_for
from labs.cycle_models import Cycle, CycleLab
from labs.models import Lab, LabKind, Membership


@dataclass(frozen=True)
class LabLine:
    """A lab in a cycle; without an address for who may not see it."""

    id: int
    title: str
    slug: str | None


@dataclass(frozen=True)
class CycleRow:
    number: int
    starts_on: date
    ends_on: date
    goals: tuple[str, ...]
    is_now: bool
    is_past: bool
    labs: tuple[LabLine, ...]


def cycle_numbered(number: int) -> Cycle:
    cycle = session().get(Cycle, number)
    if cycle is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return cycle


def cycles(actor: Actor) -> tuple[CycleRow, ...]:
    """All of them, the latest first."""
    found = session().scalars(sa.select(Cycle).order_by(Cycle.starts_on.desc())).all()
    return tuple(_row(actor, cycle, labs) for cycle, labs in _with_labs(found))


def cycle_page(actor: Actor, cycle: Cycle) -> CycleRow:
    ((_cycle, labs),) = _with_labs([cycle])
    return _row(actor, cycle, labs)


def _with_labs(cycles: Iterable[Cycle]) -> list[tuple[Cycle, list[Lab]]]:
    listed = list(cycles)
    rows = session().execute(
        sa.select(CycleLab.cycle_number, Lab)
        .join(Lab, Lab.id == CycleLab.lab_id)
        .where(CycleLab.cycle_number.in_([cycle.number for cycle in listed]))
        .order_by(Lab.title, Lab.id)
    ).all()  # fmt: skip
    return [(cycle, [lab for number, lab in rows if number == cycle.number]) for cycle in listed]


def _row(actor: Actor, cycle: Cycle, labs: list[Lab]) -> CycleRow:
    return CycleRow(
        number=cycle.number,
        starts_on=cycle.starts_on,
        ends_on=cycle.ends_on,
        goals=tuple(cycle.goals),
        is_now=cycle.is_now,
        is_past=cycle.is_past,
        labs=tuple(
            LabLine(lab.id, lab.title, lab.slug if Act.LAB_SEE in acts_for(actor, lab) else None)
            for lab in labs
            # The lab of an administration is nobody else's business, not even its name.
            if lab.kind is LabKind.SHARED or Act.LAB_SEE in acts_for(actor, lab)
        ),
    )


def cycle_of(lab: Lab) -> Cycle | None:
    """The cycle a lab works in now; else the next one it will; else the last one it worked in."""
    rows = list(
        session().scalars(
            sa.select(Cycle)
            .join(CycleLab, CycleLab.cycle_number == Cycle.number)
            .where(CycleLab.lab_id == lab.id)
            .order_by(Cycle.starts_on)
        )
    )
    return next((cycle for cycle in rows if not cycle.is_past), rows[-1] if rows else None)


def assignable(actor: Actor, row: CycleRow) -> tuple[LabLine, ...]:
    """The labs that a person may put into a cycle: those they facilitate; for an administrator every shared one."""
    query = sa.select(Lab).order_by(Lab.title, Lab.id)
    if Act.CYCLE_EDIT in acts_for(actor, cycle_numbered(row.number)):
        query = query.where(Lab.kind == LabKind.SHARED)
    else:
        query = query.join(Membership, Membership.lab_id == Lab.id).where(
            Membership.person_id == actor.id, Membership.is_facilitator, Membership.removed_at.is_(None)
        )
    there = {line.id for line in row.labs}
    return tuple(
        LabLine(lab.id, lab.title, lab.slug) for lab in session().scalars(query) if lab.id not in there
    )


def may_take_out(actor: Actor, cycle: Cycle) -> frozenset[int]:
    """The labs of a cycle that a person may take out of it."""
    ((_cycle, labs),) = _with_labs([cycle])
    if Act.CYCLE_EDIT in acts_for(actor, cycle):
        return frozenset(lab.id for lab in labs)
    return frozenset(lab.id for lab in labs if Act.LAB_LEAD in acts_for(actor, lab))

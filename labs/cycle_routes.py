"""Cycles of six weeks: the list, one of them with its labs and what became of their texts, and how they are made."""

from __future__ import annotations

from typing import Any

from flask import flash, g, request

from app.db import reading, unit_of_work
from app.errors import Invalid
from app.extensions import gettext as _
from app.forms import Faults
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from labs import cycle_queries, cycles, queries
from labs.cycle_models import Cycle
from labs.doors import blueprint
from labs.forms import CycleForm
from labs.policy import CYCLES, Cycles


def cycles_door(**_rest: object) -> Cycles:
    return CYCLES


def cycle_door(number: int, **_rest: object) -> Cycle:
    return cycle_queries.cycle_numbered(number)


@blueprint.get("/cycles", endpoint="cycles")
@guarded(Act.CYCLE_SEE, cycles_door)
def cycles_page() -> Any:
    return page("labs/cycles.html", rows=cycle_queries.cycles(current_actor()), acts=g.acts)


@blueprint.get("/cycles/<int:number>")
@guarded(Act.CYCLE_SEE, cycle_door)
def cycle(number: int) -> Any:
    return _cycle_page(number)


def _cycle_page(number: int, status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        actor, found = current_actor(), cycle_queries.cycle_numbered(number)
        row = cycle_queries.cycle_page(actor, found)
        return page(
            "labs/cycle.html",
            status,
            row=row,
            acts=g.acts,
            assignable=cycle_queries.assignable(actor, row) if not row.is_past else (),
            removable=cycle_queries.may_take_out(actor, found) if not row.is_past else frozenset(),
            faults=faults or [],
        )


@blueprint.get("/cycles/nouveau")
@guarded(Act.CYCLE_EDIT, cycles_door)
def new_cycle() -> Any:
    return _form_page(CycleForm(formdata=None))


@blueprint.post("/cycles/nouveau")
@guarded(Act.CYCLE_EDIT, cycles_door)
def make_cycle() -> Any:
    form = CycleForm()
    if not form.validate_on_submit():
        return _form_page(form, 422, form.faults())
    assert form.debut.data is not None
    try:
        with unit_of_work():
            number = cycles.make_cycle(current_actor(), form.debut.data, form.lines).number
    except Invalid as error:
        return _form_page(form, 422, form.faults_of(error, starts_on="debut", goals="buts"))
    flash(_("Le cycle %(number)s est créé.", number=number))
    return see_other("labs.cycle", number=number)


@blueprint.get("/cycles/<int:number>/modifier")
@guarded(Act.CYCLE_EDIT, cycle_door)
def edit_cycle(number: int) -> Any:
    found = cycle_queries.cycle_numbered(number)
    given = {"debut": found.starts_on, "buts": "\n".join(found.goals)}
    return _form_page(CycleForm(formdata=None, data=given), number=number)


@blueprint.post("/cycles/<int:number>/modifier")
@guarded(Act.CYCLE_EDIT, cycle_door)
def change_cycle(number: int) -> Any:
    form = CycleForm()
    if not form.validate_on_submit():
        return _form_page(form, 422, form.faults(), number)
    assert form.debut.data is not None
    try:
        with unit_of_work():
            found = cycle_queries.cycle_numbered(number)
            cycles.change_cycle(current_actor(), found, form.debut.data, form.lines)
    except Invalid as error:
        return _form_page(form, 422, form.faults_of(error, starts_on="debut", goals="buts"), number)
    flash(_("Le cycle est enregistré."))
    return see_other("labs.cycle", number=number)


def _form_page(
    form: CycleForm, status: int = 200, faults: Faults | None = None, number: int | None = None
) -> Any:
    return page("labs/cycle_form.html", status, form=form, number=number, faults=faults or [])


@blueprint.post("/cycles/<int:number>/labs")
@guarded(Act.CYCLE_SEE, cycle_door)
def assign_lab(number: int) -> Any:
    """A lab is put into a cycle, or with `retirer` taken out of it."""
    takes_out = "retirer" in request.form
    try:
        with unit_of_work():
            lab = queries.lab_called(request.form.get("lab", ""))
            found = cycle_queries.cycle_numbered(number)
            (cycles.unassign if takes_out else cycles.assign)(current_actor(), found, lab)
            title = lab.title
    except Invalid as error:
        return _cycle_page(number, 422, [("#labs", error.message)])
    flash(
        _("« %(lab)s » n’est plus dans ce cycle.", lab=title)
        if takes_out
        else _("« %(lab)s » travaille dans ce cycle.", lab=title)
    )
    return see_other("labs.cycle", number=number)

"""Pages that prepare a séance: its date and place, its agenda, its end; and its calendar file."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, request

from app.db import reading, unit_of_work
from app.errors import Invalid
from app.extensions import gettext as _
from app.forms import Faults
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from labs import agenda, calendar_file, queries, session_mail, session_queries, sessions, texts
from labs.models import SessionStatus
from labs.routes import blueprint, lab_door
from labs.session_forms import ItemForm, SessionForm, item_form, session_form


@blueprint.get("/labs/<slug>/seances/nouvelle")
@guarded(Act.LAB_LEAD, lab_door)
def new_seance(slug: str) -> Any:
    return _new_page(slug, SessionForm(formdata=None))


def _new_page(slug: str, form: SessionForm, status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        return page(
            "labs/seance_new.html", status, lab=queries.lab_called(slug), form=form, faults=faults or []
        )


@blueprint.post("/labs/<slug>/seances/nouvelle")
@guarded(Act.LAB_LEAD, lab_door)
def plan_seance(slug: str) -> Any:
    form = SessionForm()
    if not form.validate_on_submit():
        return _new_page(slug, form, 422, form.faults())
    try:
        with unit_of_work():
            lab = queries.lab_called(slug)
            session_id = sessions.plan_session(current_actor(), lab, **form.values()).id
    except Invalid as error:
        return _new_page(slug, form, 422, form.refused(error, "titre"))
    flash(
        _("La séance est prévue, et les membres du lab sont prévenus. Écrivez maintenant son ordre du jour.")
    )
    return see_other("labs.prepare_seance", slug=slug, session_id=session_id)


@blueprint.get("/labs/<slug>/seances/<int:session_id>/preparer")
@guarded(Act.LAB_LEAD, lab_door)
def prepare_seance(slug: str, session_id: int) -> Any:
    return _prepare_page(slug, session_id)


def _prepare_page(
    slug: str,
    session_id: int,
    form: SessionForm | None = None,
    changed: tuple[int, ItemForm] | None = None,
    status: int = 200,
    faults: Faults | None = None,
) -> Any:
    """`changed`: the form of an item that was refused, with what was typed in it (0: the one that adds)."""
    with reading():
        lab = queries.lab_called(slug)
        seance = session_queries.seance_of(lab, session_id)
        items = agenda.read(seance.agenda)
        choosing = request.args.get("passage", type=int)
        forms = []
        for item in items:
            blocks: tuple[texts.Block, ...] = ()
            if item.draft and item.id == choosing and item.draft in texts.shelf().titles(lab.id):
                blocks = texts.shelf().blocks(item.draft)
            is_this = changed is not None and changed[0] == item.id
            forms.append((item, changed[1] if changed and is_this else item_form(lab.id, item, blocks)))
        is_new = changed is not None and changed[0] == 0
        return page(
            "labs/seance_prepare.html",
            status,
            lab=lab,
            facts=session_queries.facts_of(seance),
            when=session_mail.when(seance),
            may_change=seance.status in (SessionStatus.PLANNED, SessionStatus.OPEN),
            form=form or session_form(seance, formdata=None),
            items=forms,
            choosing=choosing,
            minutes=sum(item.minutes or 0 for item in items),
            new_item=changed[1] if changed and is_new else ItemForm(lab.id, formdata=None),
            faults=faults or [],
        )


@blueprint.post("/labs/<slug>/seances/<int:session_id>/preparer")
@guarded(Act.LAB_LEAD, lab_door)
def change_seance(slug: str, session_id: int) -> Any:
    form = SessionForm()
    if not form.validate_on_submit():
        return _prepare_page(slug, session_id, form, status=422, faults=form.faults())
    try:
        with unit_of_work():
            session_queries.seance_of(queries.lab_called(slug), session_id)
            has_changed = sessions.change_session(current_actor(), session_id, **form.values())
    except Invalid as error:
        return _prepare_page(slug, session_id, form, status=422, faults=form.refused(error, "titre"))
    flash(
        _("La séance est modifiée, et les membres du lab sont prévenus.")
        if has_changed
        else _("Rien n’a changé : personne n’est prévenu.")
    )
    return see_other("labs.prepare_seance", slug=slug, session_id=session_id)


@blueprint.post("/labs/<slug>/seances/<int:session_id>/annuler")
@guarded(Act.LAB_LEAD, lab_door)
def cancel_seance(slug: str, session_id: int) -> Any:
    try:
        with unit_of_work():
            session_queries.seance_of(queries.lab_called(slug), session_id)
            sessions.cancel_session(current_actor(), session_id)
    except Invalid as error:
        return _prepare_page(slug, session_id, status=422, faults=[("#annuler", error.message)])
    flash(_("La séance est annulée, et les membres du lab sont prévenus."))
    return see_other("labs.show", slug=slug)


@blueprint.post("/labs/<slug>/seances/<int:session_id>/ordre-du-jour")
@guarded(Act.LAB_LEAD, lab_door)
def change_agenda(slug: str, session_id: int) -> Any:
    """Add an item, change one, move it, take it away: `faire`, and `point` for which one."""
    actor, deed = current_actor(), request.form.get("faire", "")
    item_id = request.form.get("point", 0, type=int)
    with reading():
        lab = queries.lab_called(slug)
        session_queries.seance_of(lab, session_id)
        items = {item.id: item for item in agenda.read(session_queries.seance_of(lab, session_id).agenda)}
        form = ItemForm(lab.id, items.get(item_id))
    is_form = deed in ("ajouter", "changer")
    if is_form and not form.validate_on_submit():
        return _prepare_page(slug, session_id, changed=(item_id, form), status=422, faults=form.faults())
    try:
        with unit_of_work():
            match deed:
                case "ajouter":
                    title, minutes = form.intitule.data or "", form.minutes.data
                    item_id = agenda.add_item(actor, session_id, title, minutes, form.draft).id
                case "changer":
                    title, minutes = form.intitule.data or "", form.minutes.data
                    agenda.change_item(
                        actor, session_id, item_id, title, minutes, form.draft, form.passage.data
                    )
                case "monter" | "descendre":
                    agenda.move_item(actor, session_id, item_id, -1 if deed == "monter" else 1)
                case "retirer":
                    agenda.remove_item(actor, session_id, item_id)
                case _:
                    raise Invalid(_("Cette demande n’a pas été comprise : rechargez la page."))
    except Invalid as error:
        if is_form:
            faults = form.refused(error, "intitule")
            return _prepare_page(slug, session_id, changed=(item_id, form), status=422, faults=faults)
        return _prepare_page(slug, session_id, status=422, faults=[("#ordre-du-jour", error.message)])
    anchor = "ordre-du-jour" if deed == "retirer" else f"point-{item_id}"
    return see_other("labs.prepare_seance", slug=slug, session_id=session_id, _anchor=anchor)


@blueprint.get("/labs/<slug>/seances/<int:session_id>.ics")
@guarded(Act.LAB_READ, lab_door)
def seance_calendar(slug: str, session_id: int) -> Any:
    """The séance for a calendar, as it stands: a later fetch of the same address changes or cancels it there."""
    seance = session_queries.seance_of(queries.lab_called(slug), session_id)
    sitting = session_mail.sitting(seance)
    method = calendar_file.Method.CANCEL if sitting.is_cancelled else calendar_file.Method.PUBLISH
    response = Response(calendar_file.text(sitting, method), mimetype="text/calendar")
    response.headers["Content-Type"] = f"text/calendar; charset=utf-8; method={method}"
    response.headers["Content-Disposition"] = f'attachment; filename="seance-{session_id}.ics"'
    return response

"""Who answers for an article: the page where its lead administration changes it, and the two acts behind it."""

from __future__ import annotations

from typing import Any

from flask import flash

from app.db import reading, unit_of_work
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from drafts import competences as verbs
from drafts import queries, review
from drafts.doors import blueprint, draft_door
from drafts.forms import CompetencesForm, Faults, HandOverForm
from drafts.stages import Deed


@blueprint.get("/brouillons/<int:draft_id>/administrations")
@guarded(Act.DRAFT_CHANGE_COMPETENCES, draft_door)
def competences(draft_id: int) -> Any:
    return _page(draft_id, _competences_form(draft_id, formdata=None), _lead_form(draft_id, formdata=None))


def _competences_form(draft_id: int, **kwargs: Any) -> CompetencesForm:
    with reading():
        competent = [place.id for place in queries.draft_numbered(draft_id).article.competent]
        return CompetencesForm(queries.administrations(), competent, **kwargs)


def _lead_form(draft_id: int, **kwargs: Any) -> HandOverForm:
    with reading():
        lead = queries.draft_numbered(draft_id).article.lead_administration_id
        return HandOverForm(queries.administrations(), lead, **kwargs)


def _page(
    draft_id: int,
    form: CompetencesForm,
    lead_form: HandOverForm,
    status: int = 200,
    faults: Faults | None = None,
) -> Any:
    with reading():
        draft = queries.draft_numbered(draft_id)
        return page(
            "drafts/competences.html",
            status,
            draft=draft,
            form=form,
            lead_form=lead_form,
            near=queries.administrations_of(draft.lab),
            is_read=review.open_revision(draft) is not None,
            why_not=review.may_now(current_actor(), draft)[Deed.CHANGE_COMPETENCES],
            faults=faults or [],
        )


@blueprint.post("/brouillons/<int:draft_id>/administrations")
@guarded(Act.DRAFT_CHANGE_COMPETENCES, draft_door)
def change_competences(draft_id: int) -> Any:
    form = _competences_form(draft_id)
    if not form.validate_on_submit():
        return _page(draft_id, form, _lead_form(draft_id, formdata=None), 422, form.faults())
    try:
        with unit_of_work():
            changed = verbs.change_competences(
                current_actor(),
                queries.draft_numbered(draft_id),
                form.competentes.data or [],
                form.motif.data or "",
            )
    except Invalid as error:
        faults = form.faults_of(error, reason="motif", competent="competentes")
        return _page(draft_id, form, _lead_form(draft_id, formdata=None), 422, faults)
    flash(_("Les administrations compétentes sont changées.") if changed else _("Rien n’a changé."))
    return see_other("drafts.show", draft_id=draft_id)


@blueprint.post("/brouillons/<int:draft_id>/administrations/responsable")
@guarded(Act.DRAFT_CHANGE_COMPETENCES, draft_door)
def hand_over(draft_id: int) -> Any:
    form = _lead_form(draft_id)
    if not form.validate_on_submit():
        return _page(draft_id, _competences_form(draft_id, formdata=None), form, 422, form.faults())
    try:
        with unit_of_work():
            changed = verbs.hand_over(
                current_actor(),
                queries.draft_numbered(draft_id),
                form.responsable.data,
                form.pourquoi.data or "",
            )
    except Invalid as error:
        faults = form.faults_of(error, reason="pourquoi", competent="responsable")
        return _page(draft_id, _competences_form(draft_id, formdata=None), form, 422, faults)
    flash(_("La fiche a une autre administration responsable.") if changed else _("Rien n’a changé."))
    return see_other("drafts.show", draft_id=draft_id)

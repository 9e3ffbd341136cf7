"""Pages of the drafts: making one, writing it, its fields and its history; and what programs read of them."""

from __future__ import annotations

from typing import Any

from flask import flash, g, jsonify, request, url_for

from app.db import reading, unit_of_work
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from drafts import (
    hung,  # noqa: F401 - registers its panels
    list_queries,
    queries,
    review,
    review_routes,  # noqa: F401 - adds its routes to the blueprint
    service,
)
from drafts.doors import blueprint, draft_door
from drafts.forms import Faults, FieldsForm, NewDraftForm, SubmitForm
from drafts.grammar import GRAMMAR
from drafts.render import render_blocks
from labs.queries import lab_called
from labs.routes import absolute, lab_door

__all__ = ["blueprint"]


@blueprint.get("/labs/<slug>/brouillons/nouveau")
@guarded(Act.LAB_WRITE, lab_door)
def new(slug: str) -> Any:
    return _new_page(slug, _new_form(formdata=None))


def _new_form(**kwargs: Any) -> NewDraftForm:
    with reading():
        return NewDraftForm(queries.administrations(), current_actor().administration_id, **kwargs)


def _new_page(slug: str, form: NewDraftForm, status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        lab = lab_called(slug)
        near = queries.administrations_of(lab)
        return page("drafts/new.html", status, lab=lab, form=form, near=near, faults=faults or [])


@blueprint.post("/labs/<slug>/brouillons/nouveau")
@guarded(Act.LAB_WRITE, lab_door)
def create(slug: str) -> Any:
    form = _new_form()
    if not form.validate_on_submit():
        return _new_page(slug, form, 422, form.faults())
    try:
        with unit_of_work():
            draft = service.create_draft(
                current_actor(),
                lab_called(slug),
                title=form.titre.data or "",
                lead=queries.administration_numbered(form.responsable.data),
                competent=[queries.administration_numbered(place) for place in form.competentes.data or []],
                fields={"themes": list(form.themes.data or [])},
            )
            draft_id = draft.id
    except Invalid as error:
        return _new_page(slug, form, 422, form.faults_of(error, title="titre", slug="titre"))
    flash(_("Le brouillon est créé. Vous pouvez écrire."))
    return see_other("drafts.show", draft_id=draft_id)


@blueprint.get("/brouillons/<int:draft_id>")
@guarded(Act.DRAFT_READ, draft_door)
def show(draft_id: int) -> Any:
    return _draft_page(draft_id, SubmitForm(formdata=None, note=_note_before(draft_id)))


def _note_before(draft_id: int) -> str:
    """What was said of the last version, unless that is the one the public reads: a new one says something new."""
    draft = queries.draft_numbered(draft_id)
    last = review.last_revision(draft)
    return last.change_note if last is not None and last.id != draft.article.live_revision_id else ""


def _draft_page(draft_id: int, form: SubmitForm, status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        draft = queries.draft_numbered(draft_id)
        found = queries.draft_page(current_actor(), draft)
        text = render_blocks(found.tree)
        return page(
            "drafts/draft.html",
            status,
            draft=draft,
            found=found,
            acts=g.acts,
            text=text,
            form=form,
            faults=[_within_reach(fault, text) for fault in faults or []],
        )


def _within_reach(fault: tuple[str, str], text: str) -> tuple[str, str]:
    """An empty block is not written, so a fault of it leads to the text as a whole."""
    href, sentence = fault
    if href.startswith("#note") or f'id="{href[1:]}"' in text:
        return fault
    return "#texte", sentence


@blueprint.post("/brouillons/<int:draft_id>/proposer")
@guarded(Act.DRAFT_WRITE, draft_door)
def submit(draft_id: int) -> Any:
    form = SubmitForm()
    if not form.validate_on_submit():
        return _draft_page(draft_id, form, 422, form.faults())
    try:
        with unit_of_work():
            review.submit(current_actor(), queries.draft_numbered(draft_id), form.note.data or "")
    except Invalid as error:
        return _draft_page(draft_id, form, 422, form.faults_of(error, change_note="note"))
    flash(
        _("Le texte est proposé à la relecture. Les référents des administrations compétentes sont prévenus.")
    )
    return see_other("drafts.review", draft_id=draft_id)


@blueprint.get("/brouillons/<int:draft_id>/champs")
@guarded(Act.DRAFT_WRITE, draft_door)
def fields(draft_id: int) -> Any:
    return _fields_page(draft_id, _fields_form(draft_id, formdata=None))


def _fields_form(draft_id: int, **kwargs: Any) -> FieldsForm:
    with reading():
        draft = queries.draft_numbered(draft_id)
        verify_before = queries.date_of(draft.fields.get("review_date"))
        return FieldsForm(draft.title, draft.fields, verify_before, **kwargs)


def _fields_page(draft_id: int, form: FieldsForm, status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        draft = queries.draft_numbered(draft_id)
        return page("drafts/fields.html", status, draft=draft, form=form, faults=faults or [])


@blueprint.post("/brouillons/<int:draft_id>/champs")
@guarded(Act.DRAFT_WRITE, draft_door)
def set_fields(draft_id: int) -> Any:
    form = _fields_form(draft_id)
    if not form.validate_on_submit():
        return _fields_page(draft_id, form, 422, form.faults())
    try:
        with unit_of_work():
            changed = service.set_fields(current_actor(), queries.draft_numbered(draft_id), **form.changes())
    except Invalid as error:
        return _fields_page(
            draft_id, form, 422, form.faults_of(error, title="titre", review_date="verifier_avant")
        )
    flash(_("Les champs de la fiche sont enregistrés.") if changed else _("Rien n’a changé."))
    return see_other("drafts.show", draft_id=draft_id)


@blueprint.get("/brouillons/<int:draft_id>/historique")
@guarded(Act.DRAFT_READ, draft_door)
def history(draft_id: int) -> Any:
    draft = queries.draft_numbered(draft_id)
    return page("drafts/history.html", draft=draft, history=queries.history(draft))


@blueprint.get("/api/v1/drafts")
@guarded(Act.PORTAL_WORK)
def api_drafts() -> Any:
    """The drafts one may open, the newest first: a program finds its text by it. `next` is the following page."""
    after = request.args.get("after", type=int)
    cards, following = list_queries.drafts_for(current_actor(), after)
    items = [
        {
            "id": card.id,
            "title": card.title,
            "lab": card.lab_slug,
            "stage": card.stage,
            "seq": card.seq,
            "url": absolute(url_for("drafts.show", draft_id=card.id)),
            "rights": list(card.rights),
            "can_write": card.can_write,
        }
        for card in cards
    ]
    address = absolute(url_for("drafts.api_drafts", after=following)) if following is not None else None
    return jsonify({"items": items, "next": address})


@blueprint.get("/api/v1/drafts/<int:draft_id>")
@guarded(Act.DRAFT_READ, draft_door)
def api_draft(draft_id: int) -> Any:
    """One draft with its block tree, and the fingerprint it would have if it were frozen now."""
    draft = queries.draft_numbered(draft_id)
    data = queries.draft_data(draft)
    held = queries.in_order(queries.rights(current_actor(), draft))
    return jsonify(
        {
            "id": draft.id,
            "title": draft.title,
            "lab": draft.lab.slug,
            "stage": draft.stage,
            "seq": data.seq,
            "history": data.history,
            "schema": GRAMMAR.schema,
            "fingerprint": data.fingerprint,
            "fields": draft.fields,
            "blocks": data.blocks,
            "url": absolute(url_for("drafts.show", draft_id=draft.id)),
            "rights": list(held),
            "can_write": "write" in held,
        }
    )

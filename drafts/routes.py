"""Pages of the drafts: making one, writing it, its fields and its history; and what programs read of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import current_app, flash, g, jsonify, request, url_for
from flask_babel import get_locale

from app.db import reading, unit_of_work
from app.errors import Invalid
from app.extensions import gettext as _
from app.forms import Faults
from app.interface import asked, operation
from app.interface import following as following_page
from app.policy import Act, Scope
from app.web import current_actor, guarded, page, see_other, speaks_json
from drafts import (
    attribution_routes,  # noqa: F401 - adds its routes to the blueprint
    bin_routes,  # noqa: F401 - adds its routes to the blueprint
    card_queries,
    competence_routes,  # noqa: F401 - adds its routes to the blueprint
    copy_routes,  # noqa: F401 - adds its routes to the blueprint
    damage,
    expert_routes,  # noqa: F401 - adds its routes to the blueprint
    export_routes,  # noqa: F401 - adds its routes to the blueprint
    following,
    history_routes,  # noqa: F401 - adds its routes to the blueprint
    hung,  # noqa: F401 - registers its panels
    image_routes,  # noqa: F401 - adds its routes to the blueprint
    import_routes,  # noqa: F401 - adds its routes to the blueprint
    list_queries,
    notice_routes,  # noqa: F401 - adds its routes to the blueprint
    parts_routes,  # noqa: F401 - adds its routes to the blueprint
    patterns,
    plain_routes,  # noqa: F401 - adds its routes to the blueprint
    queries,
    reference_routes,  # noqa: F401 - adds its routes to the blueprint
    remark_queries,
    remark_routes,  # noqa: F401 - adds its routes to the blueprint
    review,
    review_routes,  # noqa: F401 - adds its routes to the blueprint
    service,
    submitting,
    suggestion_routes,  # noqa: F401 - adds its routes to the blueprint
    vocabulary,
    wish_links,
    workshop_routes,  # noqa: F401 - adds its routes to the blueprint
)
from drafts.api_shapes import AskedDrafts, DraftItem, Drafts, DraftWhole
from drafts.doors import blueprint, draft_door
from drafts.forms import FIELDS_PAGE, FieldsForm, NewDraftForm, SubmitForm
from drafts.grammar import GRAMMAR
from drafts.page_text import Kept
from drafts.stages import Stage
from labs.queries import lab_called
from labs.routes import absolute, lab_door

__all__ = ["blueprint"]


@blueprint.get("/labs/<slug>/brouillons/nouveau")
@guarded(Act.LAB_WRITE, lab_door)
def new(slug: str) -> Any:
    """`?souhait=`: the text is to answer a wish of the lab, and begins with its title."""
    wish = wish_links.of_lab(lab_called(slug), request.args.get("souhait", 0, type=int))
    given = {"titre": wish.title, "souhait": wish.id} if wish is not None else {}
    return _new_page(slug, _new_form(formdata=None, data=given))


def _new_form(**kwargs: Any) -> NewDraftForm:
    with reading():
        return NewDraftForm(queries.administrations(), current_actor().administration_id, **kwargs)


def _new_page(slug: str, form: NewDraftForm, status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        lab = lab_called(slug)
        near = queries.administrations_of(lab)
        return page(
            "drafts/new.html",
            status,
            lab=lab,
            form=form,
            near=near,
            wish=wish_links.of_lab(lab, form.souhait.data or 0),
            summaries={pattern.slug: pattern.summary for pattern in patterns.patterns()},
            faults=faults or [],
        )


@blueprint.post("/labs/<slug>/brouillons/nouveau")
@guarded(Act.LAB_WRITE, lab_door)
def create(slug: str) -> Any:
    """`ensuite=importer`: the text will come from a file, so it begins with no pattern, and the next page asks for it."""
    form = _new_form()
    if not form.validate_on_submit():
        return _new_page(slug, form, 422, form.faults())
    imports = request.form.get("ensuite") == "importer"
    try:
        with unit_of_work():
            draft = service.create_draft(
                current_actor(),
                lab_called(slug),
                title=form.titre.data or "",
                lead=queries.administration_numbered(form.responsable.data),
                competent=[queries.administration_numbered(place) for place in form.competentes.data or []],
                fields={"themes": list(form.themes.data or [])},
                tree=patterns.text_of(patterns.EMPTY if imports else form.modele.data or patterns.EMPTY),
            )
            draft_id = draft.id
            wish = wish_links.of_lab(lab_called(slug), form.souhait.data or 0)
            if wish is not None:
                wish_links.answer(current_actor(), draft, wish)
    except Invalid as error:
        return _new_page(slug, form, 422, form.faults_of(error, title="titre", slug="titre"))
    if imports:
        flash(_("Le brouillon est créé. Choisissez le document qui en donne le texte."))
        return see_other("drafts.ask_for_file", draft_id=draft_id)
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


def _draft_page(
    draft_id: int,
    form: SubmitForm,
    status: int = 200,
    faults: Faults | None = None,
    asked: submitting.Asked | None = None,
) -> Any:
    """The page; after a refused proposal with what was typed. `asked`: what is left of plain French."""
    with reading():
        draft = queries.draft_numbered(draft_id)
        found = queries.draft_page(current_actor(), draft, _page_texts(), str(get_locale()))
        known = card_queries.references_named(found.text.wanted, card_queries.concern_of(draft))
        text = found.text.html(known)
        return page(
            "drafts/draft.html",
            status,
            trusted="ProseMirrorClipboard",  # how prosemirror-view reads what is pasted, in a document apart
            draft=draft,
            found=found,
            acts=g.acts,
            text=text,
            territories=list(vocabulary.territories().items()),
            remarks=remark_queries.counts(draft),
            is_followed=following.follows(current_actor(), draft),
            form=form,
            asked=asked,
            faults=[_within_reach(fault, text, draft_id) for fault in faults or []],
        )


def _page_texts() -> Kept:
    """The texts of draft pages that this process keeps."""
    kept: Kept = current_app.extensions.setdefault("openlab_page_texts", Kept())
    return kept


def _within_reach(fault: tuple[str, str], text: str, draft_id: int) -> tuple[str, str]:
    """An empty block is not written, so a fault of it leads to the text as a whole; a field is on another page."""
    href, sentence = fault
    if href.startswith(FIELDS_PAGE):
        return url_for("drafts.fields", draft_id=draft_id) + href.removeprefix(FIELDS_PAGE), sentence
    if href.startswith(("#note", "#raison")) or f'id="{href[1:]}"' in text:
        return fault
    return "#texte", sentence


@blueprint.post("/brouillons/<int:draft_id>/proposer")
@guarded(Act.DRAFT_STEER, draft_door)
def submit(draft_id: int) -> Any:
    form = SubmitForm()
    if not form.validate_on_submit():
        return _draft_page(draft_id, form, 422, form.faults())
    try:
        submitting.propose(current_actor(), draft_id, form)
    except Invalid as error:
        faults = form.faults_of(error, change_note="note", plain_reason="raison")
        return _draft_page(draft_id, form, 422, faults, submitting.asked_of(error))
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


@blueprint.get("/brouillons/<int:draft_id>/controles")
@speaks_json
@guarded(Act.DRAFT_READ, draft_door)
def findings(draft_id: int) -> Any:
    """What would keep the text, as it is stored, from being proposed: the same checks as at that moment.

    `warnings` keep nobody from proposing it; they are said because they stand against its publication.
    """
    with reading():
        draft = queries.draft_numbered(draft_id)
        seq, found = queries.findings(draft)
        warned = queries.warnings(draft)
    findings, warnings = (
        [
            {"code": one.code, "block": one.block_id, "message": one.message, "field": one.field}
            for one in several
        ]
        for several in (found, warned)
    )
    return jsonify({"seq": seq, "findings": findings, "warnings": warnings})


@blueprint.post("/alertes/<int:alert_id>/vue")
@guarded(Act.PORTAL_ADMINISTER)
def close_alert(alert_id: int) -> Any:
    """An administrator has seen an alert that calls for nothing more."""
    with unit_of_work():
        damage.close(current_actor(), alert_id)
    flash(_("L’alerte est rangée."))
    return see_other("labs.space")


@blueprint.get("/api/v1/drafts")
@operation(
    Drafts,
    lambda: _("Les brouillons que la personne peut ouvrir, les plus récents d’abord"),
    asked=AskedDrafts,
    scope=Scope.READ_DRAFTS,
)
@guarded(Act.PORTAL_WORK)
def api_drafts() -> Any:
    """The drafts one may open, the newest first: a program finds its text by it. `next` is the following page."""
    it = asked(AskedDrafts)
    limit = it.limit if "limit" in it.model_fields_set else None
    cards, last = list_queries.drafts_for(current_actor(), it.after, limit)
    address = partial(url_for, "drafts.api_drafts")
    return Drafts(
        items=[
            DraftItem(
                **_item(card.id, card.title, card.lab_slug, card.stage, card.seq),
                rights=list(card.rights),
                can_write=card.can_write,
            )
            for card in cards
        ],
        next=following_page(it, last, address) if last is not None else None,
    )


def _item(draft_id: int, title: str, lab: str, stage: Stage, seq: int) -> dict[str, Any]:
    address = absolute(url_for("drafts.show", draft_id=draft_id))
    return {"id": draft_id, "title": title, "lab": lab, "stage": stage, "seq": seq, "url": address}


@blueprint.get("/api/v1/drafts/<int:draft_id>")
@operation(
    DraftWhole,
    lambda: _("Un brouillon : son texte, son numéro de frappe et son empreinte"),
    scope=Scope.READ_DRAFTS,
    also=(404,),
)
@guarded(Act.DRAFT_READ, draft_door)
def api_draft(draft_id: int) -> Any:
    """One draft with its block tree, and the fingerprint it would have if it were frozen now."""
    draft = queries.draft_numbered(draft_id)
    data = queries.draft_data(draft)
    held = queries.in_order(queries.rights(current_actor(), draft))
    return DraftWhole(
        **_item(draft.id, draft.title, draft.lab.slug, draft.stage, data.seq),
        history=data.history,
        schema=GRAMMAR.schema,
        fingerprint=data.fingerprint,
        fields=draft.fields,
        blocks=data.blocks,
        rights=list(held),
        can_write="write" in held and not data.is_broken,
        # What could not be replayed is not in `blocks`; the text is read-only until it has been healed.
        is_damaged=data.is_broken,
    )

"""A draft is made from another: the form, and the copy."""

from __future__ import annotations

from typing import Any

from flask import flash

from app.db import reading, unit_of_work
from app.errors import Invalid
from app.extensions import gettext as _
from app.forms import Faults
from app.policy import Act, Actor, acts_for
from app.web import current_actor, guarded, page, see_other
from drafts import copying, queries
from drafts.doors import blueprint, draft_door
from drafts.forms import CopyForm
from drafts.models import Draft
from labs.queries import lab_called, labs_for


@blueprint.get("/brouillons/<int:draft_id>/dupliquer")
@guarded(Act.DRAFT_READ, draft_door)
def copy(draft_id: int) -> Any:
    return _copy_page(draft_id, _form(draft_id, formdata=None))


def _form(draft_id: int, **kwargs: Any) -> CopyForm:
    with reading():
        actor, draft = current_actor(), queries.draft_numbered(draft_id)
        labs = _labs_of(actor)
        here = draft.lab.slug
        proposed = {
            "titre": _("%(title)s (copie)", title=draft.title)[:200],
            "lab": here if any(slug == here for slug, _title in labs) else None,
            "responsable": draft.article.lead_administration_id,
            "competentes": [place.id for place in draft.article.competent],
        }
        return CopyForm(queries.administrations(), labs, proposed, **kwargs)


def _labs_of(actor: Actor) -> list[tuple[str, str]]:
    """The labs a person may write in, for a form: (slug, title)."""
    mine = labs_for(actor).mine
    return [
        (card.slug, card.title) for card in mine if Act.LAB_WRITE in acts_for(actor, lab_called(card.slug))
    ]


def _copy_page(draft_id: int, form: CopyForm, status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        draft = queries.draft_numbered(draft_id)
        near = queries.administrations_of(draft.lab)
        return page("drafts/copy.html", status, draft=draft, form=form, near=near, faults=faults or [])


@blueprint.post("/brouillons/<int:draft_id>/dupliquer")
@guarded(Act.DRAFT_READ, draft_door)
def do_copy(draft_id: int) -> Any:
    form = _form(draft_id)
    if not form.validate_on_submit():
        return _copy_page(draft_id, form, 422, form.faults())
    try:
        with reading():
            text = copying.copied(current_actor(), queries.draft_numbered(draft_id))
        with unit_of_work():
            made = _made(queries.draft_numbered(draft_id), form, text)
            made_id = made.id
    except Invalid as error:
        return _copy_page(draft_id, form, 422, form.faults_of(error, title="titre", slug="titre"))
    flash(_("La copie est créée. Vous pouvez écrire."))
    return see_other("drafts.show", draft_id=made_id)


def _made(source: Draft, form: CopyForm, text: copying.Copied) -> Draft:
    return copying.duplicate(
        current_actor(),
        source,
        lab_called(form.lab.data or ""),
        text,
        title=form.titre.data or "",
        lead=queries.administration_numbered(form.responsable.data),
        competent=[queries.administration_numbered(place) for place in form.competentes.data or []],
    )

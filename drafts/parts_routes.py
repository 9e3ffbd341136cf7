"""What each administration is asked to sign, chosen when a text is submitted: the page, and the submission."""

from __future__ import annotations

from typing import Any

from flask import flash, url_for

from app.db import reading
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act, acts_for
from app.web import current_actor, guarded, page, see_other
from drafts import parts_queries, queries, submitting
from drafts.doors import blueprint, draft_door
from drafts.forms import FIELDS_PAGE, Faults, PartsForm
from drafts.parts_queries import PartsPage


@blueprint.get("/brouillons/<int:draft_id>/proposer/parties")
@guarded(Act.DRAFT_STEER, draft_door)
def parts(draft_id: int) -> Any:
    with reading():
        draft = queries.draft_numbered(draft_id)
        found = parts_queries.parts_page(draft)
        submits = Act.DRAFT_SUBMIT in acts_for(current_actor(), draft)
    if not found.places or not submits:
        # Nothing to choose, or nothing to propose now: the page of the draft says what there is to do.
        return see_other("drafts.show", draft_id=draft_id)
    return _page(draft_id, _form(found, formdata=None, data={"note": found.note}), found)


def _form(found: PartsPage, **kwargs: Any) -> PartsForm:
    return PartsForm(
        [place for place, _name in found.places],
        [choice.id for choice in found.choices],
        found.kept,
        **kwargs,
    )


def _page(
    draft_id: int,
    form: PartsForm,
    found: PartsPage,
    status: int = 200,
    faults: Faults | None = None,
    asked: submitting.Asked | None = None,
) -> Any:
    with reading():
        draft = queries.draft_numbered(draft_id)
        return page(
            "drafts/parts.html",
            status,
            draft=draft,
            found=found,
            form=form,
            asked=asked,
            ticked=set(form.parties.data or []),
            chosen_for=form.scopes().keys(),
            faults=[_where(draft_id, fault) for fault in faults or []],
        )


def _where(draft_id: int, fault: tuple[str, str]) -> tuple[str, str]:
    """A fault of the text leads to the draft, one of a field of the article to the page of the fields."""
    href, sentence = fault
    if href.startswith(FIELDS_PAGE):
        return url_for("drafts.fields", draft_id=draft_id) + href.removeprefix(FIELDS_PAGE), sentence
    if href in ("", "#note", "#parties", "#raison"):
        return fault
    return url_for("drafts.show", draft_id=draft_id) + href, sentence


@blueprint.post("/brouillons/<int:draft_id>/proposer/parties")
@guarded(Act.DRAFT_STEER, draft_door)
def submit_parts(draft_id: int) -> Any:
    with reading():
        found = parts_queries.parts_page(queries.draft_numbered(draft_id))
    form = _form(found)
    if not form.validate_on_submit():
        return _page(draft_id, form, found, 422, form.faults())
    try:
        submitting.propose(current_actor(), draft_id, form, form.scopes())
    except Invalid as error:
        faults = form.faults_of(error, change_note="note", scopes="parties", plain_reason="raison")
        return _page(draft_id, form, found, 422, faults, submitting.asked_of(error))
    flash(
        _("Le texte est proposé à la relecture. Les référents des administrations compétentes sont prévenus.")
    )
    return see_other("drafts.review", draft_id=draft_id)

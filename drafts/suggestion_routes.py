"""The open suggestions of a draft: a page with forms that needs no JavaScript, and the same for the editor."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, request

from app.db import reading, unit_of_work
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from app.extensions import ngettext
from app.policy import Act, acts_for
from app.web import current_actor, guarded, page, see_other, speaks_json
from drafts import queries, suggestion_queries, suggestions
from drafts.doors import blueprint, draft_door

# What may be done to a suggestion, as forms and programs say it.
VERBS = {"accept": suggestions.accept, "reject": suggestions.reject}


@blueprint.get("/brouillons/<int:draft_id>/suggestions", endpoint="suggestions")
@guarded(Act.DRAFT_READ, draft_door)
def suggestions_page(draft_id: int) -> Any:
    return _shown(draft_id)


def _shown(draft_id: int, status: int = 200, fault: str = "") -> Any:
    with reading():
        draft = queries.draft_numbered(draft_id)
        found = suggestion_queries.open_suggestions(current_actor(), draft)
        acts = acts_for(current_actor(), draft)
        return page("drafts/suggestions.html", status, draft=draft, found=found, acts=acts, fault=fault)


@blueprint.post("/brouillons/<int:draft_id>/suggestions/reponse")
@guarded(Act.DRAFT_SUGGEST, draft_door)
def answer_suggestions(draft_id: int) -> Any:
    """A form with `faire` (accept, reject) and one `id` for each suggestion."""
    how, idents = request.form.get("faire", ""), request.form.getlist("id")
    try:
        done = _done(draft_id, how, idents)
    except (Invalid, MovedOn) as error:
        return _shown(draft_id, error.status, error.message)
    count = len(done)
    flash(
        ngettext("%(num)d suggestion est acceptée.", "%(num)d suggestions sont acceptées.", count)
        if how == "accept"
        else ngettext("%(num)d suggestion est refusée.", "%(num)d suggestions sont refusées.", count)
    )
    return see_other("drafts.suggestions", draft_id=draft_id)


@blueprint.get("/brouillons/<int:draft_id>/suggestions/auteurs")
@speaks_json
@guarded(Act.DRAFT_READ, draft_door)
def suggestion_authors(draft_id: int) -> Any:
    """Who stands behind the client ids of the open suggestions: the editor reads what they say in its own text."""
    with reading():
        found = suggestion_queries.open_suggestions(current_actor(), queries.draft_numbered(draft_id))
    return jsonify(
        {
            "seq": found.seq,
            "authors": {
                str(client): {
                    "person": author.person_id,
                    "name": author.name,
                    "administration": author.administration,
                    "mine": author.is_me,
                }
                for client, author in found.authors.items()
            },
        }
    )


@blueprint.post("/brouillons/<int:draft_id>/suggestions", endpoint="answer_suggestions_json")
@speaks_json
@guarded(Act.DRAFT_SUGGEST, draft_door)
def answer_json(draft_id: int) -> Any:
    """Takes {"do": "accept" or "reject", "ids": [...]}; answers with the ids that were still open."""
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise Invalid(_("Cette demande n’a pas été comprise."))
    return jsonify({"done": _done(draft_id, asked.get("do"), asked.get("ids"))})


def _done(draft_id: int, how: object, idents: object) -> list[str]:
    verb = VERBS.get(how) if isinstance(how, str) else None
    if verb is None or not isinstance(idents, list) or len(idents) > suggestions.MOST:
        raise Invalid(_("Cette demande n’a pas été comprise."))
    if not all(isinstance(ident, str) and len(ident) <= 32 for ident in idents):
        raise Invalid(_("Cette demande n’a pas été comprise."))
    with unit_of_work():
        return verb(current_actor(), queries.draft_numbered(draft_id), idents)

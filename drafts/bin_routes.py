"""Putting a draft away, the bin of a lab, and taking a draft back out of it."""

from __future__ import annotations

from typing import Any

from flask import flash

from app.db import reading, unit_of_work
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from drafts import bin as bin_
from drafts import bin_queries, queries
from drafts.doors import blueprint, draft_door
from labs.queries import lab_called
from labs.routes import lab_door


@blueprint.get("/brouillons/<int:draft_id>/corbeille")
@guarded(Act.DRAFT_STEER, draft_door)
def ask_before_bin(draft_id: int) -> Any:
    return _asked(draft_id)


def _asked(draft_id: int, status: int = 200, refused: str = "") -> Any:
    with reading():
        draft = queries.draft_numbered(draft_id)
        reason = refused or bin_.why_not(draft)
        frozen = queries.history(draft).revisions
        return page("drafts/put_away.html", status, draft=draft, why_not=reason, has_revision=bool(frozen))


@blueprint.post("/brouillons/<int:draft_id>/corbeille")
@guarded(Act.DRAFT_STEER, draft_door)
def put_away(draft_id: int) -> Any:
    try:
        with unit_of_work():
            draft = queries.draft_numbered(draft_id)
            title, lab = draft.title, draft.lab.slug
            bin_.put_away(current_actor(), draft)
    except Invalid as error:
        return _asked(draft_id, 422, error.message)
    flash(_("« %(title)s » est à la corbeille.", title=title))
    return see_other("drafts.bin", slug=lab)


@blueprint.get("/labs/<slug>/corbeille", endpoint="bin")
@guarded(Act.LAB_WRITE, lab_door)
def bin_page(slug: str) -> Any:
    lab = lab_called(slug)
    return page("drafts/bin.html", lab=lab, rows=bin_queries.bin_of(lab))


@blueprint.post("/labs/<slug>/corbeille/<int:draft_id>/restaurer")
@guarded(Act.LAB_WRITE, lab_door)
def restore(slug: str, draft_id: int) -> Any:
    with unit_of_work():
        draft = bin_.restore(current_actor(), lab_called(slug), draft_id)
        title = draft.title
    flash(_("« %(title)s » est de nouveau dans le lab.", title=title))
    return see_other("drafts.show", draft_id=draft_id)

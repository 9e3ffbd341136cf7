"""The review of a draft: the frozen text, where it stands, and the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash

from app.db import reading, unit_of_work
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from drafts import queries, review, review_queries
from drafts.doors import blueprint, draft_door
from drafts.forms import AnswerForm, Faults, ReasonForm
from drafts.models import Draft


@blueprint.get("/brouillons/<int:draft_id>/relecture", endpoint="review")
@guarded(Act.DRAFT_READ, draft_door)
def review_page(draft_id: int) -> Any:
    return _shown(draft_id)


def _shown(
    draft_id: int,
    status: int = 200,
    act: str = "",
    form: ReasonForm | None = None,
    faults: Faults | None = None,
) -> Any:
    """The page; after a refused form, with what was typed in it: `act` says which one it was."""
    with reading():
        draft = queries.draft_numbered(draft_id)
        revision = review.open_revision(draft) or review.last_revision(draft)
        if revision is None:
            return page("drafts/not_submitted.html", status, draft=draft)
        return page(
            "drafts/review.html",
            status,
            draft=draft,
            revision=revision,
            found=review_queries.review_page(current_actor(), draft, revision),
            act=act,
            typed=(form.motif.data or "") if form is not None else "",
            faults=faults or [],
        )


def _answered(draft_id: int, act: str, form: ReasonForm, verb: Callable[[Draft], object], said: str) -> Any:
    """One act: what is wrong with the form is shown in the page, what has moved on is said by its own page."""
    if not form.validate_on_submit():
        return _shown(draft_id, 422, act, form, form.faults())
    try:
        with unit_of_work():
            verb(queries.draft_numbered(draft_id))
    except Invalid as error:
        return _shown(
            draft_id,
            422,
            act,
            form,
            [(f"#motif-{act}" if error.detail.get("field") == "reason" else "", error.message)],
        )
    flash(said)
    return see_other("drafts.show" if act == "retirer" else "drafts.review", draft_id=draft_id)


@blueprint.post("/brouillons/<int:draft_id>/retirer")
@guarded(Act.DRAFT_WRITE, draft_door)
def retract(draft_id: int) -> Any:
    form = ReasonForm()
    return _answered(
        draft_id,
        "retirer",
        form,
        lambda draft: review.retract(current_actor(), draft, form.motif.data or ""),
        _("La proposition est retirée. Rien n’est perdu : vous pourrez proposer le texte de nouveau."),
    )


@blueprint.post("/brouillons/<int:draft_id>/relecture/signer")
@guarded(Act.DRAFT_REVIEW, draft_door)
def sign(draft_id: int) -> Any:
    form = AnswerForm()
    if form.validate_on_submit() and not form.relu.data:
        fault = _("Cochez la case qui dit que vous avez relu ce texte.")
        return _shown(draft_id, 422, "signer", form, [(f"#relu-{form.administration.data}", fault)])
    return _answered(
        draft_id,
        "signer",
        form,
        lambda draft: review.sign_off(
            current_actor(), draft, form.administration.data, form.empreinte.data or "", form.motif.data or ""
        ),
        _("Votre visa est enregistré."),
    )


@blueprint.post("/brouillons/<int:draft_id>/relecture/abstenir")
@guarded(Act.DRAFT_REVIEW, draft_door)
def abstain(draft_id: int) -> Any:
    form = AnswerForm()
    return _answered(
        draft_id,
        "abstenir",
        form,
        lambda draft: review.abstain(
            current_actor(), draft, form.administration.data, form.empreinte.data or "", form.motif.data or ""
        ),
        _("Votre abstention est enregistrée."),
    )


@blueprint.post("/brouillons/<int:draft_id>/relecture/changements")
@guarded(Act.DRAFT_REVIEW, draft_door)
def request_changes(draft_id: int) -> Any:
    form = ReasonForm()
    return _answered(
        draft_id,
        "changements",
        form,
        lambda draft: review.request_changes(current_actor(), draft, form.motif.data or ""),
        _("Votre demande est envoyée. Les personnes qui écrivent ce texte sont prévenues."),
    )


@blueprint.post("/brouillons/<int:draft_id>/relecture/opposition")
@guarded(Act.DRAFT_REVIEW, draft_door)
def object_to(draft_id: int) -> Any:
    form = ReasonForm()
    return _answered(
        draft_id,
        "opposition",
        form,
        lambda draft: review.object_to(current_actor(), draft, form.motif.data or ""),
        _("Votre opposition est enregistrée. Rien ne sera publié tant qu’elle n’est pas levée."),
    )


@blueprint.post("/brouillons/<int:draft_id>/relecture/lever")
@guarded(Act.DRAFT_REVIEW, draft_door)
def lift_objection(draft_id: int) -> Any:
    form = ReasonForm()
    return _answered(
        draft_id,
        "lever",
        form,
        lambda draft: review.lift_objection(current_actor(), draft, form.motif.data or ""),
        _("L’opposition est levée."),
    )

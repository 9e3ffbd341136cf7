"""The review of a draft: the frozen text, where it stands, and the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, request

from app.db import reading, unit_of_work
from app.errors import Invalid
from app.extensions import gettext as _
from app.forms import Faults
from app.policy import Act, Actor
from app.web import current_actor, guarded, page, see_other
from drafts import (
    overruling,
    plain_queries,
    queries,
    review,
    review_queries,
    review_reading,
    review_remarks,
    substituting,
    withdrawing,
)
from drafts.doors import blueprint, draft_door
from drafts.forms import (
    AnswerForm,
    BlockRemarkForm,
    OverruleForm,
    ReasonForm,
    WithdrawForm,
)
from drafts.models import Draft
from drafts.side_by_side import View


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
    remark: BlockRemarkForm | None = None,
) -> Any:
    """The page; after a refused form, with what was typed in it: `act` says which one it was."""
    with reading():
        draft = queries.draft_numbered(draft_id)
        revision = review.open_revision(draft) or review.last_revision(draft)
        if revision is None:
            return page("drafts/not_submitted.html", status, draft=draft)
        wanted = _wanted() if remark is None else review_reading.Wanted(block=remark.bloc.data or "")
        return page(
            "drafts/review.html",
            status,
            draft=draft,
            revision=revision,
            found=review_queries.review_page(current_actor(), draft, revision),
            plain=plain_queries.frozen_page(revision),
            around=review_reading.around(current_actor(), draft, revision, wanted),
            remark=remark or BlockRemarkForm(formdata=None, version=revision.number, bloc=wanted.block),
            act=act,
            typed=(form.motif.data or "") if form is not None else "",
            picked=form.empreinte.data if isinstance(form, AnswerForm) else "",
            agreed=isinstance(form, AnswerForm) and form.mineure.data,
            faults=faults or [],
        )


def _wanted() -> review_reading.Wanted:
    """What plain links of the page ask for; what is no view is the page as it is."""
    given = request.args if request.method in ("GET", "HEAD") else {}
    view = given.get("vue", "")
    return review_reading.Wanted(
        view=View(view) if view in set(View) else View.READ,
        everything=given.get("tout") == "1",
        points=given.get("remarquer") == "1",
        block=given.get("remarque", "")[:32],
    )


@blueprint.post("/brouillons/<int:draft_id>/relecture/remarques")
@guarded(Act.DRAFT_REMARK, draft_door)
def remark_on_block(draft_id: int) -> Any:
    """A remark on a block of the frozen text."""
    form = BlockRemarkForm()
    if not form.validate_on_submit():
        return _shown(draft_id, 422, faults=form.faults(), remark=form)
    try:
        with unit_of_work():
            made = review_remarks.remark_on(
                current_actor(),
                queries.draft_numbered(draft_id),
                form.version.data or 0,
                form.bloc.data or "",
                form.texte.data or "",
                blocking=bool(form.bloquante.data),
            )
            public_id = made.public_id
    except Invalid as error:
        return _shown(draft_id, 422, faults=form.faults_of(error, text="texte"), remark=form)
    flash(_("Votre remarque est enregistrée."))
    return see_other("drafts.review", draft_id=draft_id, _anchor=f"r-{public_id}")


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
@guarded(Act.DRAFT_STEER, draft_door)
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
            current_actor(),
            draft,
            form.administration.data,
            form.empreinte.data or "",
            form.motif.data or "",
            agrees_minor=bool(form.mineure.data),
        ),
        _("Votre visa est enregistré."),
    )


@blueprint.post("/brouillons/<int:draft_id>/relecture/retirer-visa")
@guarded(Act.DRAFT_REVIEW, draft_door)
def withdraw_sign_off(draft_id: int) -> Any:
    form = WithdrawForm()
    act = f"retirer-visa-{form.administration.data}"
    if form.validate_on_submit() and not form.confirme.data:
        fault = _("Cochez la case qui dit que vous retirez votre visa.")
        return _shown(draft_id, 422, act, form, [(f"#confirme-{form.administration.data}", fault)])
    return _answered(
        draft_id,
        act,
        form,
        lambda draft: withdrawing.withdraw_sign_off(
            current_actor(), draft, form.administration.data, form.motif.data or ""
        ),
        _("Votre visa est retiré. Votre administration peut répondre de nouveau."),
    )


def _decided(
    draft_id: int, act: str, verb: Callable[[Actor, Draft, int | None, str], object], said: str
) -> Any:
    """What somebody decides about the answer of one administration, with a reason."""
    form = OverruleForm()
    return _answered(
        draft_id,
        f"{act}-{form.administration.data}",
        form,
        lambda draft: verb(current_actor(), draft, form.administration.data, form.motif.data or ""),
        said,
    )


@blueprint.post("/brouillons/<int:draft_id>/relecture/suppleer")
@guarded(Act.DRAFT_NAME_SUBSTITUTE, draft_door)
def name_substitute(draft_id: int) -> Any:
    return _decided(
        draft_id,
        "suppleer",
        substituting.name_substitute,
        _("Vous répondez pour cette administration sur ce texte."),
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


@blueprint.post("/brouillons/<int:draft_id>/relecture/arbitrer")
@guarded(Act.DRAFT_ARBITRATE, draft_door)
def arbitrate(draft_id: int) -> Any:
    return _decided(
        draft_id,
        "arbitrer",
        overruling.arbitrate,
        _("Votre arbitrage est enregistré. Une opposition est réglée quand deux personnes en ont décidé."),
    )


@blueprint.post("/brouillons/<int:draft_id>/relecture/passer-outre")
@guarded(Act.DRAFT_PASS_OVER, draft_door)
def pass_over(draft_id: int) -> Any:
    return _decided(
        draft_id,
        "passer-outre",
        overruling.pass_over,
        _("La relecture continue sans cette réponse. Votre raison est gardée dans le dossier."),
    )

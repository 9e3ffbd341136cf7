"""Experts: who is invited, for those who write; and the pages behind an expert's link, which need no account.

The address holds a secret: what is answered here is kept by nobody, indexed by nobody, and sends its address to no
other site. (Not `no-referrer`: the forms are told from forged ones by the address they come from.)
"""

from __future__ import annotations

from typing import Any

from flask import Response, after_this_request, flash, session

from app.accounts.forms import CodeForm
from app.db import reading, unit_of_work
from app.errors import Invalid, Missing, RateLimited, Refused, Unavailable
from app.extensions import gettext as _
from app.forms import Faults
from app.policy import Act
from app.web import current_actor, discreet, guarded, page, see_other
from drafts import expert_queries, experts, images, queries, review
from drafts.doors import blueprint, draft_door
from drafts.expert_forms import ExpertRemarkForm, InviteExpertForm, OpinionForm
from drafts.expert_models import Opinion
from drafts.expert_policy import LinkState, Seat, seat_at
from drafts.findings import quoted
from drafts.grammar import passages

# In the signed cookie of the forms: the invitations whose code was typed in, in this browser, until it is closed.
CONFIRMED = "experts"
MOST_CONFIRMED = 20


# For those who write


@blueprint.get("/brouillons/<int:draft_id>/experts", endpoint="experts")
@guarded(Act.DRAFT_INVITE_EXPERT, draft_door)
def experts_page(draft_id: int) -> Any:
    return _experts(draft_id, InviteExpertForm(formdata=None))


def _experts(draft_id: int, form: InviteExpertForm, status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        draft = queries.draft_numbered(draft_id)
        revision = review.open_revision(draft)
        return page(
            "drafts/experts.html",
            status,
            draft=draft,
            rows=expert_queries.invitations_of(draft, revision) if revision is not None else (),
            number=revision.number if revision is not None else None,
            form=form,
            faults=faults or [],
        )


@blueprint.post("/brouillons/<int:draft_id>/experts")
@guarded(Act.DRAFT_INVITE_EXPERT, draft_door)
def invite_expert(draft_id: int) -> Any:
    form = InviteExpertForm()
    if not form.validate_on_submit():
        return _experts(draft_id, form, 422, form.faults())
    try:
        with unit_of_work():
            experts.invite(
                current_actor(),
                queries.draft_numbered(draft_id),
                form.nom.data or "",
                form.courriel.data or "",
                form.jours.data or 0,
                form.raison.data or "",
            )
    except Invalid as error:
        faults = form.faults_of(error, name="nom", email="courriel", days="jours", reason="raison")
        return _experts(draft_id, form, 422, faults)
    flash(_("L’invitation est envoyée. Vous serez prévenu quand l’avis sera donné."))
    return see_other("drafts.experts", draft_id=draft_id)


@blueprint.post("/brouillons/<int:draft_id>/experts/<int:invitation_id>/retirer")
@guarded(Act.DRAFT_INVITE_EXPERT, draft_door)
def revoke_expert(draft_id: int, invitation_id: int) -> Any:
    with unit_of_work():
        experts.revoke(current_actor(), queries.draft_numbered(draft_id), invitation_id)
    flash(_("Le lien est retiré : il n’ouvre plus rien."))
    return see_other("drafts.experts", draft_id=draft_id)


@blueprint.post("/brouillons/<int:draft_id>/experts/remarques/<int:remark_id>")
@guarded(Act.DRAFT_STEER, draft_door)
def settle_expert_remark(draft_id: int, remark_id: int) -> Any:
    """Resolved, or open again."""
    with unit_of_work():
        row = experts.settle_remark(current_actor(), queries.draft_numbered(draft_id), remark_id)
        is_open = row.is_open
    flash(_("La remarque est de nouveau ouverte.") if is_open else _("La remarque est résolue."))
    return see_other("drafts.review", draft_id=draft_id, _anchor=f"e-{remark_id}")


# Behind the link


def seat_door(token: str, **_rest: object) -> Seat:
    """The seat behind a link, good or not any more: whoever holds it is told which. Raises Missing for a wrong one."""
    return seat_at(token, _confirmed())


def advice_door(token: str, **_rest: object) -> Seat:
    """The seat of somebody who advises. Raises Refused with what to do, for a link that opens nothing (yet)."""
    seat = seat_door(token)
    if seat.state is not LinkState.GOOD:
        raise Refused(experts.why_not(seat.state))
    if not seat.is_confirmed:
        raise Refused(_("Ouvrez d’abord le lien du courriel et confirmez votre adresse par le code."))
    return seat


def _confirmed() -> frozenset[int]:
    kept = session.get(CONFIRMED, [])
    return frozenset(one for one in kept if type(one) is int) if isinstance(kept, list) else frozenset()


@blueprint.get("/expertise/<token>")
@guarded(Act.EXPERT_KNOCK, seat_door)
def expert(token: str) -> Any:
    seat = seat_door(token)
    if seat.state is LinkState.GOOD and seat.is_confirmed:
        _count(seat.invitation.id)
        return _advising(token)
    return _knocking(token)


def _count(invitation_id: int) -> None:
    """After the page was made: a reading writes nothing."""

    @after_this_request
    def counted(response: Response) -> Response:
        try:
            with unit_of_work(patience=0.2):
                experts.opened(invitation_id)
        except Unavailable:
            pass  # One reading that is not counted.
        return response


def _knocking(
    token: str, status: int = 200, faults: Faults | None = None, form: CodeForm | None = None
) -> Any:
    """Before the address is confirmed: nothing of the text, not even its title."""
    with reading():
        seat = seat_door(token)
        why_not = experts.why_not(seat.state)
        return discreet(
            page(
                "drafts/expert_door.html",
                410 if why_not else status,
                token=token,
                why_not=why_not,
                waits_for_code=seat.invitation.code_digest is not None,
                form=form or CodeForm(formdata=None),
                faults=faults or [],
            )
        )


@blueprint.post("/expertise/<token>/code")
@guarded(Act.EXPERT_KNOCK, seat_door)
def send_expert_code(token: str) -> Any:
    try:
        with unit_of_work():
            experts.send_code(token)
    except (Refused, RateLimited) as error:
        return _knocking(token, error.status, [("", error.message)])
    flash(_("Un code vient de vous être envoyé. Il vaut quinze minutes."))
    return see_other("drafts.expert", token=token)


@blueprint.post("/expertise/<token>/confirmer")
@guarded(Act.EXPERT_KNOCK, seat_door)
def confirm_expert(token: str) -> Any:
    form = CodeForm()
    if not form.validate_on_submit():
        return _knocking(token, 422, form.faults(), form)
    try:
        with unit_of_work():
            found = experts.try_code(token, form.code.data or "")
    except Refused as error:
        return _knocking(token, error.status, [("", error.message)])
    if found is None:
        wrong = _("Ce code n’est pas le bon, ou il ne vaut plus. Après cinq essais, demandez-en un autre.")
        form.code.errors = [wrong]
        return _knocking(token, 422, [("#code", wrong)], form)
    session[CONFIRMED] = [*sorted(_confirmed() - {found})[-MOST_CONFIRMED + 1 :], found]
    return see_other("drafts.expert", token=token)


@blueprint.post("/expertise/<token>/quitter")
@guarded(Act.EXPERT_KNOCK, seat_door)
def leave_expertise(token: str) -> Any:
    """On a computer that others use: the link asks for a code again."""
    with reading():
        left = seat_door(token).invitation.id
    session[CONFIRMED] = sorted(_confirmed() - {left})
    flash(_("C’est fermé : pour relire le texte ici, il faudra un nouveau code."))
    return see_other("drafts.expert", token=token)


def _advising(
    token: str,
    status: int = 200,
    faults: Faults | None = None,
    opinion: OpinionForm | None = None,
    remark: ExpertRemarkForm | None = None,
) -> Any:
    with reading():
        seat = advice_door(token)
        found = expert_queries.expert_page(seat, f"/expertise/{token}/images")
        given = {"avis": str(found.opinion.opinion), "texte": found.opinion.text} if found.opinion else {}
        return discreet(
            page(
                "drafts/expert.html",
                status,
                token=token,
                found=found,
                expert=seat.expert,
                opinion=opinion or OpinionForm(formdata=None, data=given),
                remark=remark or _remark_form(seat, formdata=None),
                faults=faults or [],
            )
        )


def _remark_form(seat: Seat, **kwargs: Any) -> ExpertRemarkForm:
    chosen = [(block, quoted(words)) for block, words in passages(seat.revision.tree).items()]
    return ExpertRemarkForm([("", _("Le texte entier")), *chosen], **kwargs)


@blueprint.post("/expertise/<token>/avis")
@guarded(Act.EXPERT_ADVISE, advice_door)
def give_opinion(token: str) -> Any:
    form = OpinionForm()
    if not form.validate_on_submit():
        return _advising(token, 422, form.faults(), opinion=form)
    try:
        with unit_of_work():
            experts.give_opinion(
                current_actor(), advice_door(token), Opinion(form.avis.data), form.texte.data or ""
            )
    except Invalid as error:
        return _advising(token, 422, form.faults_of(error, text="texte"), opinion=form)
    flash(_("Votre avis est enregistré. Vous pouvez le changer tant que la relecture est ouverte."))
    return see_other("drafts.expert", token=token)


@blueprint.post("/expertise/<token>/remarques")
@guarded(Act.EXPERT_ADVISE, advice_door)
def add_expert_remark(token: str) -> Any:
    with reading():
        form = _remark_form(advice_door(token))
    if not form.validate_on_submit():
        return _advising(token, 422, form.faults(), remark=form)
    try:
        with unit_of_work():
            experts.add_remark(
                current_actor(), advice_door(token), form.passage.data or "", form.remarque.data or ""
            )
    except Invalid as error:
        faults = form.faults_of(error, text="remarque", block="passage")
        return _advising(token, 422, faults, remark=form)
    flash(_("Votre remarque est enregistrée."))
    return see_other("drafts.expert", token=token)


@blueprint.get("/expertise/<token>/images/<image>.webp")
@guarded(Act.EXPERT_ADVISE, advice_door)
def expert_image(token: str, image: str) -> Any:
    """An image of the very text the link leads to."""
    if image not in images.named_in(advice_door(token).revision.tree):
        raise Missing(_("Cette image n’existe pas, ou vous n’y avez pas accès."))
    return discreet(Response(images.content_of(image), mimetype="image/webp"))

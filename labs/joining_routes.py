"""Asking for a place in a lab, answering who asks, and taking the place that is offered."""

from __future__ import annotations

from typing import Any

from flask import flash, request

from app.db import unit_of_work
from app.errors import Invalid, RateLimited
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, see_other
from labs import joining, queries
from labs.doors import blueprint, lab_door
from labs.forms import AskForm, DeclineForm, RightForm
from labs.home import lab_page
from labs.people_routes import doors_page


@blueprint.post("/labs/<slug>/demande")
@guarded(Act.LAB_ASK, lab_door)
def ask(slug: str) -> Any:
    form = AskForm()
    if not form.validate_on_submit():
        return lab_page(slug, 422, form.faults(), form)
    try:
        with unit_of_work():
            joining.ask(current_actor(), queries.lab_called(slug), form.phrase.data or "")
    except (Invalid, RateLimited) as error:
        return lab_page(slug, error.status, form.faults_of(error, words="phrase"), form)
    flash(_("Votre demande est envoyée aux animateurs du lab. La réponse vous sera envoyée par courriel."))
    return see_other("labs.show", slug=slug)


@blueprint.post("/labs/<slug>/demande/retirer")
@guarded(Act.LAB_SEE, lab_door)
def take_back(slug: str) -> Any:
    with unit_of_work():
        joining.take_back(current_actor(), queries.lab_called(slug))
    flash(_("Votre demande est retirée."))
    return see_other("labs.show", slug=slug)


@blueprint.post("/labs/<slug>/demandes/<int:request_id>/accepter")
@guarded(Act.LAB_LEAD, lab_door)
def accept(slug: str, request_id: int) -> Any:
    form = RightForm()
    if not form.validate_on_submit() or form.facilitator:
        return doors_page(slug, 422, [("#demandes", form.words()["droit"])])
    try:
        with unit_of_work():
            answered = joining.accept(current_actor(), queries.lab_called(slug), request_id, form.right)
            name = answered.person.name
    except Invalid as error:
        return doors_page(slug, 422, [("#demandes", error.message)])
    flash(_("%(name)s fait maintenant partie du lab, et l’apprend par courriel.", name=name))
    return see_other("labs.doors", slug=slug)


@blueprint.post("/labs/<slug>/demandes/<int:request_id>/refuser")
@guarded(Act.LAB_LEAD, lab_door)
def decline(slug: str, request_id: int) -> Any:
    form = DeclineForm()
    if not form.validate_on_submit():
        form.faults()
        return doors_page(slug, 422, [(f"#raison-{request_id}", form.raison.errors[0])], {request_id: form})
    with unit_of_work():
        answered = joining.decline(
            current_actor(), queries.lab_called(slug), request_id, form.raison.data or ""
        )
        name = answered.person.name
    flash(_("La demande de %(name)s est refusée. Votre explication lui est envoyée.", name=name))
    return see_other("labs.doors", slug=slug)


@blueprint.post("/labs/<slug>/invitation")
@guarded(Act.LAB_SEE, lab_door)
def answer_invitation(slug: str) -> Any:
    takes = request.form.get("reponse") == "oui"
    with unit_of_work():
        lab = queries.lab_called(slug)
        (joining.take_place if takes else joining.refuse_place)(current_actor(), lab)
        title = lab.title
    if takes:
        flash(_("Vous faites maintenant partie du lab « %(lab)s ».", lab=title))
        return see_other("labs.show", slug=slug)
    flash(_("Vous n’entrez pas dans le lab « %(lab)s ». La personne qui vous a invité le verra.", lab=title))
    return see_other("labs.index")


@blueprint.post("/labs/<slug>/quitter")
@guarded(Act.LAB_READ, lab_door)
def leave(slug: str) -> Any:
    actor = current_actor()
    try:
        with unit_of_work():
            lab = queries.lab_called(slug)
            joining.leave(actor, lab)
            title = lab.title
    except Invalid as error:
        return lab_page(slug, 422, [("#quitter", error.message)])
    flash(
        _(
            "Vous ne faites plus partie du lab « %(lab)s ». Ce que vous y avez écrit reste à votre nom.",
            lab=title,
        )
    )
    return see_other("accounts.sign_in" if actor.is_guest else "labs.index")

"""/admin/personnes: who has an account, and what they may do."""

from __future__ import annotations

from typing import Any

from flask import flash

from app.accounts import people
from app.administration import people_queries
from app.administration.doors import (
    UNTRIED,
    Attempt,
    attempt,
    blueprint,
    differences,
    known,
    number,
    page_asked,
    seen,
    words_asked,
)
from app.administration.forms import Button, PersonForm, ReasonForm, RoleForm, role_names
from app.db import reading
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page, see_other


@blueprint.get("/personnes", endpoint="people")
@guarded(Act.PORTAL_ADMINISTER)
def listed() -> Any:
    asked = people_queries.Asked(
        words_asked("q", 200),
        number(words_asked("administration", 19)),
        words_asked("role", 40),
        words_asked("etat", 40),
    )
    return page(
        "administration/people.html",
        found=people_queries.listing(asked, page_asked()),
        asked=asked,
        places=people_queries.places(closed=True),
        roles=role_names(),
    )


@blueprint.get("/personnes/nouvelle", endpoint="new_person")
@guarded(Act.PORTAL_ADMINISTER)
def fresh() -> Any:
    return _new_page(PersonForm(formdata=None), UNTRIED)


@blueprint.post("/personnes/nouvelle", endpoint="invite_person")
@guarded(Act.PORTAL_ADMINISTER)
def invite() -> Any:
    form = _person_form()
    tried = attempt(
        form,
        lambda: (
            people.invite_person(
                current_actor(), form.courriel.data or "", form.nom.data or "", form.administration.chosen
            ).id
        ),
        form.NAMES,
    )
    if tried.status:
        return _new_page(form, tried)
    flash(_("Le compte est ouvert. La personne reçoit un courriel pour choisir son mot de passe."))
    return see_other("administration.person", person_id=tried.made)


def _new_page(form: PersonForm, tried: Attempt) -> Any:
    with reading():
        form.administration.offer(people_queries.places())
        return page("administration/person_new.html", tried.status or 200, form=form, faults=tried.faults)


def _person_form(person_id: int | None = None) -> PersonForm:
    form = PersonForm()
    with reading():
        kept = None
        if person_id is not None:
            there = people_queries.person_page(current_actor(), person_id)
            kept = (there.administration_id, there.administration) if there.administration_id else None
        form.administration.offer(people_queries.places(), kept)
    return form


def _person_page(person_id: int, tried: Attempt = UNTRIED, **refused: Any) -> Any:
    """The page of a person; `refused` is the form that was not taken: `identity`, `role` or `reason`."""
    with reading():
        it = people_queries.person_page(current_actor(), person_id)
        stored = {"nom": it.name, "courriel": it.email, "administration": it.administration_id}
        identity = refused.get("identity") or PersonForm(
            formdata=None, nom=it.name, courriel=it.email, administration=str(it.administration_id or "")
        )
        kept = (it.administration_id, it.administration) if it.administration_id else None
        identity.administration.offer(people_queries.places(), kept)
        role = refused.get("role") or RoleForm(formdata=None)
        role.offer(people_queries.places())
        return page(
            "administration/person.html",
            tried.status or 200,
            it=it,
            identity=identity,
            role=role,
            reason=refused.get("reason") or ReasonForm(formdata=None),
            roles=role_names(),
            of_one=people.OF_ONE,
            faults=tried.faults,
            now=differences(identity, stored) if tried.moved and "identity" in refused else [],
        )


@blueprint.get("/personnes/<int:person_id>", endpoint="person")
@guarded(Act.PORTAL_ADMINISTER)
def show(person_id: int) -> Any:
    return _person_page(known(person_id))


@blueprint.post("/personnes/<int:person_id>", endpoint="correct_person")
@guarded(Act.PORTAL_ADMINISTER)
def correct(person_id: int) -> Any:
    form = _person_form(known(person_id))
    tried = attempt(
        form,
        lambda: people.correct_person(
            current_actor(), person_id, seen(), name=form.nom.data or "", email=form.courriel.data or "",
            administration_id=form.administration.chosen,
        ),
        form.NAMES,
    )  # fmt: skip
    if tried.status:
        return _person_page(person_id, tried, identity=form)
    return _back(person_id, _("C’est enregistré."))


@blueprint.post("/personnes/<int:person_id>/roles", endpoint="appoint")
@guarded(Act.PORTAL_ADMINISTER)
def appoint(person_id: int) -> Any:
    form = RoleForm()
    with reading():
        form.offer(people_queries.places())
    tried = attempt(
        form,
        lambda: people.appoint(
            current_actor(), known(person_id), seen(), form.role.data or "", form.pour.chosen
        ),
        form.NAMES,
    )
    if tried.status:
        return _person_page(person_id, tried, role=form)
    return _back(person_id, _("Le rôle est donné : il vaut dès maintenant."))


@blueprint.post("/personnes/<int:person_id>/roles/<int:role_id>/retirer", endpoint="dismiss")
@guarded(Act.PORTAL_ADMINISTER)
def dismiss(person_id: int, role_id: int) -> Any:
    tried = attempt(Button(), lambda: people.dismiss(current_actor(), known(person_id), seen(), role_id))
    if tried.status:
        return _person_page(person_id, tried)
    return _back(
        person_id, _("Le rôle est retiré. La personne est déconnectée partout, et revient sans lui.")
    )


@blueprint.post("/personnes/<int:person_id>/suspendre", endpoint="suspend")
@guarded(Act.PORTAL_ADMINISTER)
def suspend(person_id: int) -> Any:
    form = ReasonForm()
    tried = attempt(
        form,
        lambda: people.suspend_person(current_actor(), known(person_id), seen(), form.raison.data or ""),
        form.NAMES,
    )
    if tried.status:
        return _person_page(person_id, tried, reason=form)
    return _back(person_id, _("Le compte est suspendu : toutes ses portes sont fermées."))


@blueprint.post("/personnes/<int:person_id>/reactiver", endpoint="reactivate")
@guarded(Act.PORTAL_ADMINISTER)
def reactivate(person_id: int) -> Any:
    form = ReasonForm()
    tried = attempt(
        form,
        lambda: people.reactivate_person(current_actor(), known(person_id), seen(), form.raison.data or ""),
        form.NAMES,
    )
    if tried.status:
        return _person_page(person_id, tried, reason=form)
    return _back(person_id, _("Le compte est de nouveau actif."))


@blueprint.post("/personnes/<int:person_id>/sessions/fermer", endpoint="end_sessions")
@guarded(Act.PORTAL_ADMINISTER)
def end_sessions(person_id: int) -> Any:
    tried = attempt(Button(), lambda: people.sign_out_everywhere(current_actor(), known(person_id)))
    if tried.status:
        return _person_page(person_id, tried)
    return _back(person_id, _("Toutes ses sessions sont fermées."))


@blueprint.post("/personnes/<int:person_id>/second-facteur/retirer", endpoint="take_second_factor")
@guarded(Act.PORTAL_ADMINISTER)
def take_second_factor(person_id: int) -> Any:
    tried = attempt(Button(), lambda: people.take_second_factor(current_actor(), known(person_id), seen()))
    if tried.status:
        return _person_page(person_id, tried)
    return _back(
        person_id, _("La double vérification est retirée. La personne est prévenue et déconnectée partout.")
    )


def _back(person_id: int, said: str) -> Any:
    flash(said)
    return see_other("administration.person", person_id=person_id)

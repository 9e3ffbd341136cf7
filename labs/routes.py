"""Pages of the labs, a person's own space, and who they are for programs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, g, jsonify, url_for

from app.db import reading, unit_of_work
from app.errors import Invalid, Unauthenticated
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from labs import queries, service
from labs.forms import InviteForm, RightForm, right_choices
from labs.models import Lab

blueprint = Blueprint("labs", __name__, template_folder="templates")


def absolute(path: str) -> str:
    """The address a program can open, whichever way it reached us."""
    return str(current_app.config["SETTINGS"].public_url) + path


def lab_door(slug: str, **_rest: object) -> Lab:
    """The lab that is judged. Who is not signed in learns nothing of it, not even whether it exists."""
    if current_actor().is_anonymous:
        raise Unauthenticated(_("Connectez-vous pour continuer."))
    return queries.lab_called(slug)


@blueprint.get("/espace")
@guarded(Act.PORTAL_WORK)
def space() -> Any:
    actor = current_actor()
    return page("labs/space.html", sessions=queries.open_sessions(actor), labs=queries.labs_for(actor).mine)


@blueprint.get("/labs")
@guarded(Act.PORTAL_WORK)
def index() -> Any:
    return page("labs/index.html", labs=queries.labs_for(current_actor()))


@blueprint.get("/labs/<slug>")
@guarded(Act.LAB_SEE, lab_door)
def show(slug: str) -> Any:
    return _lab_page(slug, InviteForm(formdata=None))


def _lab_page(
    slug: str, form: InviteForm, status: int = 200, faults: list[tuple[str, str]] | None = None
) -> Any:
    with reading():
        lab = queries.lab_called(slug)
        return page(
            "labs/lab.html",
            status,
            lab=lab,
            card=queries.card_of(current_actor(), lab),
            acts=g.acts,
            people=queries.people_of(lab),
            sessions=queries.sessions_of(lab),
            form=form,
            right_choices=right_choices(facilitator=True),
            faults=faults or [],
        )


@blueprint.get("/labs/<slug>/seances/<int:session_id>")
@guarded(Act.LAB_READ, lab_door)
def seance(slug: str, session_id: int) -> Any:
    lab = queries.lab_called(slug)
    return page("labs/seance.html", lab=lab, seance=queries.session_page(lab, session_id))


@blueprint.post("/labs/<slug>/membres")
@guarded(Act.LAB_LEAD, lab_door)
def invite(slug: str) -> Any:
    form = InviteForm()
    if not form.validate_on_submit():
        return _lab_page(slug, form, 422, form.faults())
    try:
        with unit_of_work():
            person = queries.person_with_email(form.courriel.data or "")
            if person is None:
                raise Invalid(_("Aucun agent n’a de compte avec cette adresse."))
            service.add_member(
                current_actor(), queries.lab_called(slug), person, form.right, facilitator=form.facilitator
            )
            name = person.name
    except Invalid as error:
        form.courriel.errors = [error.message]
        return _lab_page(slug, form, 422, [("#courriel", error.message)])
    flash(_("%(name)s fait maintenant partie du lab.", name=name))
    return see_other("labs.show", slug=slug, _anchor="personnes")


@blueprint.post("/labs/<slug>/membres/<int:person_id>/droit")
@guarded(Act.LAB_LEAD, lab_door)
def change_right(slug: str, person_id: int) -> Any:
    form = RightForm()
    if not form.validate_on_submit():
        return _lab_page(
            slug, InviteForm(formdata=None), 422, [("#personnes", _("Choisissez un des droits proposés."))]
        )
    try:
        with unit_of_work():
            lab = queries.lab_called(slug)
            person = queries.member_person(lab, person_id)
            service.change_right(current_actor(), lab, person, form.right, facilitator=form.facilitator)
            name = person.name
    except Invalid as error:
        return _lab_page(slug, InviteForm(formdata=None), 422, [("#personnes", error.message)])
    flash(
        _(
            "Le droit de %(name)s est changé. Il vaut dès maintenant, aussi dans les brouillons ouverts.",
            name=name,
        )
    )
    return see_other("labs.show", slug=slug, _anchor="personnes")


@blueprint.post("/labs/<slug>/membres/<int:person_id>/retirer")
@guarded(Act.LAB_LEAD, lab_door)
def remove(slug: str, person_id: int) -> Any:
    try:
        with unit_of_work():
            lab = queries.lab_called(slug)
            person = queries.member_person(lab, person_id)
            service.remove_member(current_actor(), lab, person)
            name = person.name
    except Invalid as error:
        return _lab_page(slug, InviteForm(formdata=None), 422, [("#personnes", error.message)])
    flash(_("%(name)s ne fait plus partie du lab. Ce que cette personne a écrit reste à son nom.", name=name))
    if person_id == current_actor().id:
        return see_other("labs.index")
    return see_other("labs.show", slug=slug, _anchor="personnes")


@blueprint.get("/api/v1/me")
@guarded(Act.PORTAL_WORK)
def api_me() -> Any:
    """The person behind the session."""
    actor = current_actor()
    return jsonify(
        {
            "id": actor.id,
            "name": actor.name,
            "email": actor.email,
            "administration": {"id": actor.administration_id, "name": actor.administration},
            "roles": sorted(actor.roles),
            "reviewer_of": sorted(actor.reviewer_of),
            "shared_computer": actor.shared_computer,
        }
    )


@blueprint.get("/api/v1/labs")
@guarded(Act.PORTAL_WORK)
def api_labs() -> Any:
    """The labs one belongs to, then those open to requests, in which `right` is null."""
    found = queries.labs_for(current_actor())
    items = [
        {
            "id": lab.id,
            "slug": lab.slug,
            "title": lab.title,
            "purpose": lab.purpose,
            "administration": lab.administration,
            "right": lab.right,
            "is_facilitator": lab.is_facilitator,
            "url": absolute(url_for("labs.show", slug=lab.slug)),
        }
        for lab in (*found.mine, *found.others)
    ]
    return jsonify({"items": items, "next": None})

"""The people of a lab: inviting agents, their rights, and every door that is open."""

from __future__ import annotations

from typing import Any

from flask import flash, request

from app.db import reading, unit_of_work
from app.errors import Invalid, RateLimited
from app.extensions import gettext as _
from app.extensions import ngettext
from app.forms import Faults
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from labs import guests, joining, people_list, people_queries, queries, service
from labs.doors import blueprint, lab_door
from labs.forms import DeclineForm, InviteForm, ListForm, RightForm, right_choices
from labs.home import lab_page


@blueprint.get("/labs/<slug>/inviter")
@guarded(Act.LAB_LEAD, lab_door)
def invite_page(slug: str) -> Any:
    return _invite(slug, InviteForm(formdata=None))


def _invite(slug: str, form: InviteForm, status: int = 200, faults: Faults | None = None) -> Any:
    """The search stands in the address, so that what was found is found again when the form was not right."""
    words = request.args.get("q", "")[:100]
    administration = request.args.get("administration", type=int)
    with reading():
        lab = queries.lab_called(slug)
        return page(
            "labs/invite.html",
            status,
            lab=lab,
            words=words,
            administration=administration,
            administrations=queries.administrations(),
            found=people_queries.candidates(lab, words, administration),
            is_asked=bool(words.strip()) or administration is not None,
            form=form,
            faults=faults or [],
        )


@blueprint.post("/labs/<slug>/membres")
@guarded(Act.LAB_LEAD, lab_door)
def invite(slug: str) -> Any:
    form = InviteForm()
    if not form.validate_on_submit():
        return _invite(slug, form, 422, form.faults())
    try:
        with unit_of_work():
            done = joining.invite(
                current_actor(),
                queries.lab_called(slug),
                form.personnes.data or [],
                form.right,
                form.facilitator,
            )
    except RateLimited as error:
        return _invite(slug, form, error.status, [("#personnes", error.message)])
    if not done.names:
        faults = [("#personnes", f"{name} {reason}.") for name, reason in done.passed]
        return _invite(slug, form, 422, faults or [("#personnes", form.words()["personnes"])])
    flash(
        ngettext(
            "%(num)d personne est invitée : %(names)s.",
            "%(num)d personnes sont invitées : %(names)s.",
            len(done.names),
            names=", ".join(done.names),
        )
    )
    for name, reason in done.passed:
        flash(f"{name} {reason}.")
    return see_other("labs.doors", slug=slug)


@blueprint.get("/labs/<slug>/inviter/liste")
@guarded(Act.LAB_LEAD, lab_door)
def list_page(slug: str) -> Any:
    return _list(slug, ListForm(formdata=None))


def _list(
    slug: str,
    form: ListForm,
    status: int = 200,
    faults: Faults | None = None,
    lines: list[people_list.Line] | None = None,
) -> Any:
    with reading():
        return page(
            "labs/invite_list.html",
            status,
            lab=queries.lab_called(slug),
            form=form,
            lines=lines or [],
            good=sum(line.fate is not people_list.Fate.WRONG for line in lines or []),
            seen=people_list.mark_of(form.liste.data or ""),
            Fate=people_list.Fate,
            faults=faults or [],
        )


@blueprint.post("/labs/<slug>/inviter/liste")
@guarded(Act.LAB_LEAD, lab_door)
def read_list(slug: str) -> Any:
    """Look at a list, or send the one that was looked at: `faire=envoyer` invites those whose line is good, and leaves
    the others in the field."""
    form = ListForm()
    actor = current_actor()
    try:
        if form.fichier.data:
            form.liste.data = people_list.decoded(form.fichier.data.read(people_list.LARGEST + 1))
        words = form.liste.data or ""
        if request.form.get("faire") != "envoyer" or request.form.get("vue") != people_list.mark_of(words):
            return _looked_at(slug, form)
        with unit_of_work():
            sent = people_list.send(actor, queries.lab_called(slug), words)
    except (Invalid, RateLimited) as error:
        return _list(slug, form, error.status, form.faults_of(error, list="liste", file="fichier"))
    flash(
        ngettext("%(num)d agent est invité.", "%(num)d agents sont invités.", sent.invited)
        + " "
        + ngettext("%(num)d lien d’invité est envoyé.", "%(num)d liens d’invité sont envoyés.", sent.guests)
    )
    if not sent.left:
        return see_other("labs.doors", slug=slug)
    form.liste.data = "\n".join(line.source for line in sent.left)
    return _looked_at(slug, form)


def _looked_at(slug: str, form: ListForm) -> Any:
    with reading():
        lines = people_list.read(current_actor(), queries.lab_called(slug), form.liste.data or "")
        return _list(slug, form, lines=lines)


@blueprint.post("/labs/<slug>/membres/<int:person_id>/droit")
@guarded(Act.LAB_LEAD, lab_door)
def change_right(slug: str, person_id: int) -> Any:
    form = RightForm()
    if not form.validate_on_submit():
        return lab_page(slug, 422, [("#personnes", _("Choisissez un des droits proposés."))])
    try:
        with unit_of_work():
            lab = queries.lab_called(slug)
            person = queries.member_person(lab, person_id)
            service.change_right(current_actor(), lab, person, form.right, facilitator=form.facilitator)
            name = person.name
    except Invalid as error:
        return lab_page(slug, 422, [("#personnes", error.message)])
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
        _take_out(slug, person_id)
    except Invalid as error:
        return lab_page(slug, 422, [("#personnes", error.message)])
    if person_id == current_actor().id:
        return see_other("labs.index")
    return see_other("labs.show", slug=slug, _anchor="personnes")


def _take_out(slug: str, person_id: int) -> None:
    with unit_of_work():
        lab = queries.lab_called(slug)
        person = queries.member_person(lab, person_id)
        service.remove_member(current_actor(), lab, person)
        name = person.name
    flash(_("%(name)s ne fait plus partie du lab. Ce que cette personne a écrit reste à son nom.", name=name))


# Every door that is open


@blueprint.get("/labs/<slug>/portes")
@guarded(Act.LAB_LEAD, lab_door)
def doors(slug: str) -> Any:
    return doors_page(slug)


def doors_page(
    slug: str,
    status: int = 200,
    faults: Faults | None = None,
    declining: dict[int, DeclineForm] | None = None,
) -> Any:
    with reading():
        lab = queries.lab_called(slug)
        rows = people_queries.doors_of(lab)
        kinds = people_queries.DoorKind
        return page(
            "labs/doors.html",
            status,
            lab=lab,
            requests=[row for row in rows if row.kind is kinds.REQUEST],
            rows=[row for row in rows if row.kind is not kinds.REQUEST],
            has_links=any(row.link_id for row in rows),
            Kind=kinds,
            right_choices=right_choices(facilitator=False),
            declining=declining or {},
            faults=faults or [],
        )


@blueprint.post("/labs/<slug>/portes/invitations/<int:invitation_id>/retirer")
@guarded(Act.LAB_LEAD, lab_door)
def withdraw_invitation(slug: str, invitation_id: int) -> Any:
    with unit_of_work():
        name = joining.withdraw(current_actor(), queries.lab_called(slug), invitation_id).person.name
    flash(_("L’invitation de %(name)s est retirée.", name=name))
    return see_other("labs.doors", slug=slug)


@blueprint.post("/labs/<slug>/portes/membres/<int:person_id>/retirer")
@guarded(Act.LAB_LEAD, lab_door)
def close_place(slug: str, person_id: int) -> Any:
    try:
        _take_out(slug, person_id)
    except Invalid as error:
        return doors_page(slug, 422, [("#portes", error.message)])
    if person_id == current_actor().id:
        return see_other("labs.index")
    return see_other("labs.doors", slug=slug)


@blueprint.post("/labs/<slug>/portes/liens/<int:link_id>/fermer")
@guarded(Act.LAB_LEAD, lab_door)
def close_link(slug: str, link_id: int) -> Any:
    with unit_of_work():
        name = guests.close(current_actor(), queries.lab_called(slug), link_id).person.name
    flash(_("Le lien de %(name)s est fermé : il n’ouvre plus rien.", name=name))
    return see_other("labs.doors", slug=slug)


@blueprint.post("/labs/<slug>/portes/liens/<int:link_id>/renouveler")
@guarded(Act.LAB_LEAD, lab_door)
def renew_link(slug: str, link_id: int) -> Any:
    try:
        with unit_of_work():
            name = guests.renew(current_actor(), queries.lab_called(slug), link_id).person.name
    except (Invalid, RateLimited) as error:
        return doors_page(slug, error.status, [("#portes", error.message)])
    flash(_("Un nouveau lien de 30 jours est envoyé à %(name)s. L’ancien n’ouvre plus rien.", name=name))
    return see_other("labs.doors", slug=slug)


@blueprint.get("/labs/<slug>/portes/liens/fermer")
@guarded(Act.LAB_LEAD, lab_door)
def ask_before_closing(slug: str) -> Any:
    lab = queries.lab_called(slug)
    return page(
        "labs/close_links.html", lab=lab, names=[link.person.name for link in guests.living_links(lab)]
    )


@blueprint.post("/labs/<slug>/portes/liens/fermer")
@guarded(Act.LAB_LEAD, lab_door)
def close_links(slug: str) -> Any:
    with unit_of_work():
        count = guests.close_all(current_actor(), queries.lab_called(slug))
    flash(
        ngettext(
            "%(num)d lien d’invité est fermé : il n’ouvre plus rien.",
            "%(num)d liens d’invité sont fermés : ils n’ouvrent plus rien.",
            count,
        )
    )
    return see_other("labs.doors", slug=slug)

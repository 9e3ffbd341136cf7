"""Guests: inviting one by a link, for those who facilitate; and the pages behind the link, which need no account."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, flash, redirect, session, url_for

from app.accounts import cookie
from app.accounts import service as accounts
from app.db import reading, unit_of_work
from app.errors import Invalid, RateLimited, Refused
from app.extensions import gettext as _
from app.forms import Faults
from app.policy import Act
from app.web import current_actor, discreet, guarded, page, see_other
from labs import guests, queries
from labs.doors import blueprint, lab_door
from labs.forms import GuestCodeForm, GuestForm
from labs.guest_policy import Knock, LinkState, knock_at
from labs.policy import confined_to
from labs.roles import Right


@blueprint.get("/labs/<slug>/inviter/lien")
@guarded(Act.LAB_LEAD, lab_door)
def guest_page(slug: str) -> Any:
    return _inviting(slug, GuestForm(formdata=None, droit=str(Right.REMARK)))


def _inviting(slug: str, form: GuestForm, status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        return page(
            "labs/invite_guest.html", status, lab=queries.lab_called(slug), form=form, faults=faults or []
        )


@blueprint.post("/labs/<slug>/inviter/lien")
@guarded(Act.LAB_LEAD, lab_door)
def invite_guest(slug: str) -> Any:
    form = GuestForm()
    if not form.validate_on_submit():
        return _inviting(slug, form, 422, form.faults())
    try:
        with unit_of_work():
            link = guests.invite_guest(
                current_actor(),
                queries.lab_called(slug),
                form.nom.data or "",
                form.courriel.data or "",
                Right(form.droit.data),
                form.jours.data or 0,
            )
            name = link.person.name
    except (Invalid, RateLimited) as error:
        faults = form.faults_of(error, name="nom", email="courriel", right="droit", days="jours")
        return _inviting(slug, form, error.status, faults)
    flash(_("Le lien de %(name)s est envoyé.", name=name))
    return see_other("labs.doors", slug=slug)


# Behind the link


def knock_door(token: str, **_rest: object) -> Knock:
    """Raises Missing for a link that never was."""
    return knock_at(token)


@blueprint.get("/invitation/<token>")
@guarded(Act.GUEST_KNOCK, knock_door)
def invitation(token: str) -> Any:
    found = knock_door(token)
    actor = current_actor()
    if (
        found.state is LinkState.GOOD
        and actor.id == found.link.person_id
        and actor.confined_to == confined_to(found.link.lab_id)
    ):
        return discreet(_to(url_for("labs.show", slug=found.link.lab.slug)))
    return _knocking(token)


def _to(address: str) -> Response:
    answer = redirect(address, code=303)
    assert isinstance(answer, Response)
    return answer


def _knocking(
    token: str, status: int = 200, faults: Faults | None = None, form: GuestCodeForm | None = None
) -> Any:
    """Before the address is confirmed: nothing of the lab, not even its name."""
    with reading():
        found = knock_door(token)
        why_not = guests.why_not(found.state)
        return discreet(
            page(
                "labs/guest_door.html",
                410 if why_not else status,
                token=token,
                why_not=why_not,
                has_account=found.state is LinkState.ACCOUNT,
                waits_for_code=found.link.code_digest is not None,
                form=form or GuestCodeForm(formdata=None),
                faults=faults or [],
            )
        )


@blueprint.post("/invitation/<token>/code")
@guarded(Act.GUEST_KNOCK, knock_door)
def send_guest_code(token: str) -> Any:
    try:
        with unit_of_work():
            guests.send_code(token)
    except (Refused, RateLimited) as error:
        return _knocking(token, error.status, [("", error.message)])
    flash(_("Un code vient d’être envoyé à l’adresse qui a reçu l’invitation. Il vaut quinze minutes."))
    return see_other("labs.invitation", token=token)


@blueprint.post("/invitation/<token>/confirmer")
@guarded(Act.GUEST_KNOCK, knock_door)
def confirm_guest(token: str) -> Any:
    form = GuestCodeForm()
    if not form.validate_on_submit():
        return _knocking(token, 422, form.faults(), form)
    former = current_actor()
    try:
        with unit_of_work():
            opened = guests.try_code(
                token, form.code.data or "", shared_computer=bool(form.poste_partage.data)
            )
            if opened is not None and former.is_authenticated:
                accounts.sign_out(former)
            slug = knock_door(token).link.lab.slug
    except Refused as error:
        return _knocking(token, error.status, [("", error.message)])
    if opened is None:
        wrong = _("Ce code n’est pas le bon, ou il ne vaut plus. Après cinq essais, demandez-en un autre.")
        form.code.errors = [wrong]
        return _knocking(token, 422, [("#code", wrong)], form)
    session.clear()  # the forms of before the sign-in are worth nothing after it
    response = discreet(_to(url_for("labs.show", slug=slug)))
    cookie.set_on(response, current_app.config["SETTINGS"], opened)
    return response

"""One's own account: password, second factor, sessions."""

from __future__ import annotations

from typing import Any

import segno
from flask import Blueprint, Response, flash, render_template, request
from markupsafe import Markup

from app.accounts import own, second_factor, service
from app.accounts.entering import SETTING_UP, entered
from app.accounts.forms import ChangePasswordForm, FactorForm
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.errors import DomainError, Invalid, MovedOn, RateLimited, Unavailable
from app.extensions import gettext as _
from app.forms import Faults
from app.panels import panel
from app.policy import Act, Actor
from app.web import current_actor, discreet, guarded, later, page, see_other


@panel("espace", order=1)
def to_set_up(actor: Actor) -> Markup | None:
    """What waits for the second factor, for who has none yet."""
    if not actor.held_back:
        return None
    text = render_template("accounts/space_panel.html")
    return Markup(text)  # noqa: S704 # nosec B704 # a template of ours, which escapes


def _qr(address: str) -> Markup:
    """The address that a telephone reads, as a drawing with nothing in it that the page's policy forbids."""
    drawing = segno.make_qr(address, error="m").svg_inline(
        scale=4, border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )
    # Of our own making, out of numbers; the words beside it say the same.
    named = drawing.replace("<svg ", '<svg role="img" aria-label="{}" ', 1)
    return Markup(named).format(_("Code QR à lire avec l’application de votre téléphone"))  # noqa: S704 # nosec B704 # a drawing of ours, and format() escapes


def _factor_page(form: FactorForm, status: int = 200, faults: Faults | None = None) -> Response:
    actor = current_actor()
    with reading():
        standing = second_factor.standing(actor.id, actor.email)
        return discreet(
            page(
                "accounts/factor.html",
                status,
                form=form,
                faults=faults or [],
                standing=standing,
                secret=second_factor.in_fours(standing.secret) if standing.secret else "",
                qr=_qr(standing.address) if standing.address else "",
                is_obliged=bool(actor.held_back),
            )
        )


def _refused(form: FactorForm, error: DomainError) -> Response:
    return later(_factor_page(form, error.status, [("#code", error.message)]), error)


def _wrong(form: FactorForm) -> Response:
    said = _(
        "Ce code n’est pas le bon, ou il a déjà servi. Vérifiez l’heure du téléphone, puis écrivez le code suivant."
    )
    form.code.errors = [said]
    return _factor_page(form, 422, [("#code", said)])


def _paper(codes: list[str]) -> Response:
    # Shown in the answer itself: they are kept nowhere, so there is no page to go on to.
    return discreet(page("accounts/paper.html", codes=codes))


def register(blueprint: Blueprint) -> None:
    @blueprint.get("/espace/compte")
    @guarded(Act.ACCOUNT_KEEP)
    def account() -> Any:
        return page("accounts/account.html", account=own.account_of(current_actor()))

    @blueprint.get("/espace/compte/mot-de-passe")
    @guarded(Act.ACCOUNT_KEEP)
    def password() -> Any:
        return page("accounts/password.html", form=ChangePasswordForm(), faults=[])

    @blueprint.post("/espace/compte/mot-de-passe")
    @guarded(Act.ACCOUNT_KEEP)
    def change_password() -> Any:
        form, actor = ChangePasswordForm(), current_actor()
        if not form.validate_on_submit():
            return page("accounts/password.html", 422, form=form, faults=form.faults())
        try:
            service.check_password(actor.email, form.old.data or "", request.remote_addr)
        except (Invalid, RateLimited, Unavailable) as error:
            wrong = (
                _("Ce n’est pas votre mot de passe actuel.") if isinstance(error, Invalid) else error.message
            )
            form.old.errors = [wrong]
            shown = page("accounts/password.html", error.status, form=form, faults=[("#old", wrong)])
            return later(shown, error)
        try:
            new_hash = service.new_password(form.new.data or "", actor.name, actor.email)
        except Invalid as error:
            return page("accounts/password.html", 422, form=form, faults=form.faults_of(error, new="new"))
        with unit_of_work():
            service.change_password(actor, session().get_one(Person, actor.id), new_hash)
        response = entered(
            actor.id,
            "/espace/compte",
            shared_computer=actor.shared_computer,
            proved_twice=actor.second_factor,
        )
        flash(_("Votre mot de passe est changé. Vos autres sessions sont fermées."))
        return response

    @blueprint.get(SETTING_UP)
    @guarded(Act.ACCOUNT_KEEP)
    def factor() -> Any:
        return _factor_page(FactorForm())

    @blueprint.post(SETTING_UP)
    @guarded(Act.ACCOUNT_KEEP)
    def begin_factor() -> Any:
        with unit_of_work():
            second_factor.begin(current_actor())
        return see_other("accounts.factor")

    @blueprint.post(f"{SETTING_UP}/confirmer")
    @guarded(Act.ACCOUNT_KEEP)
    def confirm_factor() -> Any:
        form = FactorForm()
        if not form.validate_on_submit():
            return _factor_page(form, 422, form.faults())
        try:
            with unit_of_work():
                codes = second_factor.confirm(current_actor(), form.code.data or "")
        except MovedOn as error:
            return _refused(form, error)
        return _paper(codes) if codes else _wrong(form)

    @blueprint.post(f"{SETTING_UP}/codes")
    @guarded(Act.ACCOUNT_KEEP)
    def renew_paper() -> Any:
        form = FactorForm()
        if not form.validate_on_submit():
            return _factor_page(form, 422, form.faults())
        try:
            with unit_of_work():
                codes = second_factor.renew_paper(current_actor(), form.code.data or "")
        except RateLimited as error:
            return _refused(form, error)
        return _paper(codes) if codes else _wrong(form)

    @blueprint.post(f"{SETTING_UP}/retirer")
    @guarded(Act.ACCOUNT_KEEP)
    def remove_factor() -> Any:
        form = FactorForm()
        if not form.validate_on_submit():
            return _factor_page(form, 422, form.faults())
        try:
            with unit_of_work():
                done = second_factor.put_down(current_actor(), form.code.data or "")
        except RateLimited as error:
            return _refused(form, error)
        if not done:
            return _wrong(form)
        flash(_("La double vérification est retirée."))
        return see_other("accounts.account")

    @blueprint.post("/espace/compte/sessions/<int:sign_in_id>/fermer")
    @guarded(Act.ACCOUNT_KEEP)
    def end_session(sign_in_id: int) -> Any:
        with unit_of_work():
            service.end_one(current_actor(), sign_in_id)
        flash(_("La session est fermée."))
        return see_other("accounts.account")

    @blueprint.post("/espace/compte/sessions/fermer")
    @guarded(Act.ACCOUNT_KEEP)
    def end_other_sessions() -> Any:
        with unit_of_work():
            service.end_others(current_actor())
        flash(_("Vos autres sessions sont fermées."))
        return see_other("accounts.account")

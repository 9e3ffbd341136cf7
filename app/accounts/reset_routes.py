"""A new password by mail: asking for the link, and choosing behind it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, request

from app.accounts import resets, service
from app.accounts.forms import AskResetForm, NewPasswordForm
from app.db import reading, unit_of_work
from app.errors import Invalid, Missing, RateLimited
from app.extensions import gettext as _
from app.forms import Faults
from app.policy import Act
from app.web import discreet, guarded, later, page, see_other


def _asking(form: AskResetForm, status: int = 200, faults: Faults | None = None) -> Response:
    return page("accounts/reset_ask.html", status, form=form, faults=faults or [], is_asked=False)


def _choosing(token: str, form: NewPasswordForm, status: int = 200, faults: Faults | None = None) -> Response:
    with reading():
        account = resets.behind(token)
    return discreet(
        page(
            "accounts/reset_choose.html",
            status,
            form=form,
            faults=faults or [],
            account=account,
            token_=token,
        )
    )


def _over(error: Missing) -> Response:
    return discreet(page("accounts/reset_over.html", error.status, sentence=error.message))


def register(blueprint: Blueprint) -> None:
    @blueprint.get("/connexion/oubli")
    @guarded(Act.PORTAL_SIGN_IN)
    def ask_reset() -> Any:
        return _asking(AskResetForm())

    @blueprint.post("/connexion/oubli")
    @guarded(Act.PORTAL_SIGN_IN)
    def do_ask_reset() -> Any:
        form = AskResetForm()
        if not form.validate_on_submit():
            return _asking(form, 422, form.faults())
        try:
            with unit_of_work():
                resets.ask(form.email.data or "", request.remote_addr)
        except RateLimited as error:
            return later(_asking(form, error.status, [("#email", error.message)]), error)
        return see_other("accounts.reset_asked")

    @blueprint.get("/connexion/oubli/envoye")
    @guarded(Act.PORTAL_SIGN_IN)
    def reset_asked() -> Any:
        return page("accounts/reset_ask.html", form=AskResetForm(), faults=[], is_asked=True)

    @blueprint.get("/connexion/oubli/<token>")
    @guarded(Act.PORTAL_SIGN_IN)
    def choose_password(token: str) -> Any:
        try:
            return _choosing(token, NewPasswordForm())
        except Missing as error:
            return _over(error)

    @blueprint.post("/connexion/oubli/<token>")
    @guarded(Act.PORTAL_SIGN_IN)
    def do_choose_password(token: str) -> Any:
        form = NewPasswordForm()
        try:
            with reading():
                account = resets.behind(token)  # before anything is counted: a wrong link costs nothing
            if not form.validate_on_submit():
                return _choosing(token, form, 422, form.faults())
            new_hash = service.new_password(form.new.data or "", account.name, account.email)
            with unit_of_work():
                resets.choose(token, new_hash)
        except Missing as error:
            return _over(error)
        except Invalid as error:
            return _choosing(token, form, error.status, form.faults_of(error, new="new"))
        flash(_("Votre mot de passe est changé. Connectez-vous avec le nouveau."))
        return see_other("accounts.sign_in")

"""Sign-in and sign-out."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, current_app, flash, g, redirect, request, session

from app import interface
from app.accounts import (
    account_routes,
    cookie,
    leaving,
    reset_routes,
    second_factor,
    service,
    token_routes,
    tokens,
)
from app.accounts.entering import HALF_OPEN, entered, home_of
from app.accounts.forms import FactorForm, SignInForm
from app.db import reading, unit_of_work
from app.errors import Invalid, MovedOn, RateLimited, Unavailable
from app.extensions import gettext as _
from app.extensions import login_manager, ngettext
from app.policy import ANONYMOUS, Act, Actor
from app.web import current_actor, discreet, guarded, later, local_path, page, see_other

blueprint = Blueprint("accounts", __name__, template_folder="templates")
reset_routes.register(blueprint)
account_routes.register(blueprint)
token_routes.register(blueprint)
login_manager.anonymous_user = lambda: ANONYMOUS  # type: ignore[assignment]


@login_manager.request_loader
def _identify(incoming: Any) -> Actor | None:
    settings = current_app.config["SETTINGS"]
    shown = interface.bearer(incoming)
    if shown is not None:
        # Whoever shows a token is known by that alone, also where a browser would have added a cookie.
        with reading():
            holder = tokens.holder_of(shown)
        g.token_is_noted = holder.is_noted
        return holder.actor if holder.actor.is_authenticated else None
    token = incoming.cookies.get(cookie.name(settings), "")
    if not token:
        return None
    with reading():
        actor = service.actor_for_token(token)
    return actor if actor.is_authenticated else None


# When this process last pushed a session's end further, so that reading pages costs a write a minute at most.
_kept_at: dict[int, float] = {}


@blueprint.after_app_request
def _keep_alive(response: Response) -> Response:
    # Only where the request asked who is there: a stylesheet does not.
    actor = current_actor() if "_login_user" in g else ANONYMOUS
    if actor.session_id and time.monotonic() - _kept_at.get(actor.session_id, -60) >= 60:
        _kept_at[actor.session_id] = time.monotonic()
        if len(_kept_at) > 10_000:
            _kept_at.clear()
        try:
            with unit_of_work(patience=0.2):
                service.keep_alive([actor.session_id])
        except Unavailable:
            pass  # the page was made; the session's end is pushed at the next one
    return response


@blueprint.after_app_request
def _note_use(response: Response) -> Response:
    """The day on which a token was last used: one write a day for each."""
    actor = current_actor() if "_login_user" in g else ANONYMOUS
    if actor.token_id and not g.get("token_is_noted", True):
        try:
            with unit_of_work(patience=0.2):
                tokens.note_use(actor.token_id)
        except Unavailable:
            pass  # the answer was made; the day is written down with the next one
    return response


@blueprint.get("/connexion")
@guarded(Act.PORTAL_SIGN_IN)
def sign_in() -> Any:
    # A guest may have an account as well, and come to use it.
    if current_actor().is_authenticated and not current_actor().is_guest:
        return redirect(local_path(request.args.get("next")) or home_of(current_actor()))
    space = current_app.config["SETTINGS"].is_a_space(request.remote_addr)
    form = SignInForm(poste_partage=space or request.args.get("poste_partage") == "y")
    return page("accounts/sign_in.html", form=form, errors=[], next=local_path(request.args.get("next")))


@blueprint.post("/connexion")
@guarded(Act.PORTAL_SIGN_IN)
def do_sign_in() -> Any:
    form = SignInForm()
    target = local_path(request.form.get("next"))
    if not form.validate_on_submit():
        return page("accounts/sign_in.html", 422, form=form, errors=form.sentences(), next=target)
    try:
        person_id = service.check_password(
            form.email.data or "", form.password.data or "", request.remote_addr
        )
    except (Invalid, RateLimited, Unavailable) as error:
        return later(
            page("accounts/sign_in.html", error.status, form=form, errors=[error.message], next=target), error
        )
    return entered(person_id, target, shared_computer=bool(form.poste_partage.data))


@blueprint.get("/connexion/code")
@guarded(Act.PORTAL_SIGN_IN)
def ask_code() -> Any:
    if not second_factor.is_awaited(session.get(HALF_OPEN, "")):
        return see_other("accounts.sign_in")
    return discreet(page("accounts/code.html", form=FactorForm(), faults=[]))


@blueprint.post("/connexion/code")
@guarded(Act.PORTAL_SIGN_IN)
def give_code() -> Any:
    form = FactorForm()
    if not form.validate_on_submit():
        return discreet(page("accounts/code.html", 422, form=form, faults=form.faults()))
    token = session.get(HALF_OPEN, "")
    try:
        with unit_of_work():
            found = second_factor.finish(token, form.code.data or "")
    except RateLimited as error:
        faults = [("#code", error.message)]
        return later(discreet(page("accounts/code.html", error.status, form=form, faults=faults)), error)
    except MovedOn as error:
        session.pop(HALF_OPEN, None)
        flash(error.message)
        return see_other("accounts.sign_in")
    if found is None:
        return _wrong_code(form, token)
    response = entered(
        found.person_id,
        found.target or None,
        shared_computer=found.shared_computer,
        proved_twice=True,
        came_by=found.came_by,
    )
    if found.paper_left is not None:
        flash(
            ngettext(
                "Ce code de secours ne sert plus. Il vous en reste %(num)s.",
                "Ce code de secours ne sert plus. Il vous en reste %(num)s.",
                found.paper_left,
            )
        )
    return response


def _wrong_code(form: FactorForm, token: str) -> Any:
    with reading():
        may_try_again = second_factor.is_awaited(token)
    if not may_try_again:
        session.pop(HALF_OPEN, None)
        flash(_("Trop de codes faux. Donnez de nouveau votre mot de passe."))
        return see_other("accounts.sign_in")
    said = _("Ce code n’est pas le bon, ou il a déjà servi. Attendez le suivant, puis écrivez-le.")
    form.code.errors = [said]
    return discreet(page("accounts/code.html", 422, form=form, faults=[("#code", said)]))


@blueprint.post("/deconnexion")
@guarded(Act.PORTAL_SIGN_IN)
def do_sign_out() -> Any:
    actor, farewell = current_actor(), None
    if actor.is_authenticated:
        with unit_of_work():
            farewell = leaving.farewell_of(actor)
            service.sign_out(actor)
    session.clear()
    g._login_user = ANONYMOUS  # what is shown from here on is shown to nobody in particular
    response = farewell() if farewell else see_other("accounts.sign_in")
    assert isinstance(response, Response)
    cookie.clear_on(response, current_app.config["SETTINGS"])
    # What the browser kept of a person's pages and unsent strokes goes with them.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response

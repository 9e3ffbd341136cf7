"""Sign-in and sign-out."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, current_app, g, redirect, request, session

from app.accounts import cookie, leaving, service
from app.accounts.entering import entered
from app.accounts.forms import SignInForm
from app.db import reading, unit_of_work
from app.errors import Invalid, RateLimited, Unavailable
from app.extensions import login_manager
from app.policy import ANONYMOUS, Act, Actor
from app.web import current_actor, guarded, local_path, page, see_other

blueprint = Blueprint("accounts", __name__, template_folder="templates")
login_manager.anonymous_user = lambda: ANONYMOUS  # type: ignore[assignment]


@login_manager.request_loader
def _identify(incoming: Any) -> Actor | None:
    settings = current_app.config["SETTINGS"]
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


@blueprint.get("/connexion")
@guarded(Act.PORTAL_SIGN_IN)
def sign_in() -> Any:
    # A guest may have an account as well, and come to use it.
    if current_actor().is_authenticated and not current_actor().is_guest:
        return redirect(local_path(request.args.get("next")) or "/espace")
    return page(
        "accounts/sign_in.html", form=SignInForm(), errors=[], next=local_path(request.args.get("next"))
    )


@blueprint.post("/connexion")
@guarded(Act.PORTAL_SIGN_IN)
def do_sign_in() -> Any:
    form = SignInForm()
    target = local_path(request.form.get("next"))
    if not form.validate_on_submit():
        return page("accounts/sign_in.html", 422, form=form, errors=form.sentences(), next=target)
    try:
        person_id = service.check_password(form.email.data or "", form.password.data or "")
    except (Invalid, RateLimited) as error:
        return page("accounts/sign_in.html", error.status, form=form, errors=[error.message], next=target)
    return entered(person_id, target, shared_computer=bool(form.poste_partage.data))


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

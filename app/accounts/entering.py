"""The one way in: whoever proved who they are, by whatever means, gets their session and their cookie here."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, current_app, redirect, request, session

from app.accounts import cookie, devices, second_factor, service
from app.db import unit_of_work
from app.policy import PORTAL, Act, Actor, acts_for
from app.web import current_actor
from config import Settings

# Where the token of a half-open sign-in stands in the signed cookie of the forms.
HALF_OPEN = "half_open"
SETTING_UP = "/espace/compte/second-facteur"

# What a way in keeps of a sign-in once it is open, by its name: called in the transaction that opens it.
_ways: dict[str, Callable[[service.Opened, str], None]] = {}


def way_in(name: str, verb: Callable[[service.Opened, str], None]) -> None:
    """A way in registers what it keeps of a sign-in; it is handed what it said in `came_by`, behind its name."""
    _ways[name] = verb


def entered(
    person_id: int,
    target: str | None,
    *,
    shared_computer: bool,
    proved_twice: bool = False,
    came_by: str = "",
) -> Response:
    """Sign a person in and lead them to `target`, a path of this house (`app.web.local_path`), or to their space.

    Whoever was signed in in this browser is signed out; the session is a new one, so that none is fixed beforehand. Who
    has a second factor is asked for it first (`/connexion/code`), unless `proved_twice` says that they gave one; who has
    none and holds a role that needs one is led to where it is set up. `came_by` is the name of a way in, a space, and
    what it wants to be told once the sign-in is open; it waits for the second factor too. In a declared espace connecté
    every computer is shared, whatever was ticked.
    """
    settings: Settings = current_app.config["SETTINGS"]
    shared_computer = shared_computer or settings.is_a_space(request.remote_addr)
    former = current_actor()
    half, opened = None, None
    with unit_of_work():
        if former.is_authenticated:
            service.sign_out(former)
        if not proved_twice and second_factor.is_on(person_id):
            half = second_factor.half_open(
                person_id, target or "", shared_computer=shared_computer, came_by=came_by
            )
        else:
            device = devices.label(request.user_agent.string)
            opened = service.sign_in(
                person_id, shared_computer=shared_computer, second_factor=proved_twice, device=device
            )
            name, _space, told = came_by.partition(" ")
            if name:
                _ways[name](opened, told)
    session.clear()  # the forms of before the sign-in are worth nothing after it
    if opened is None:
        session[HALF_OPEN] = half
        response = redirect("/connexion/code", code=303)
        assert isinstance(response, Response)
        cookie.clear_on(response, settings)
        return response
    if opened.actor.held_back:
        target = SETTING_UP
    response = redirect(target or home_of(opened.actor), code=303)
    assert isinstance(response, Response)
    cookie.set_on(response, settings, opened)
    return response


def home_of(actor: Actor) -> str:
    """Where somebody begins: who belongs to no administration has no desk in one."""
    acts = acts_for(actor, PORTAL)
    if Act.PORTAL_WORK in acts:
        return "/espace"
    if Act.PORTAL_ADMINISTER in acts:
        return "/admin"
    return "/espace/compte" if Act.ACCOUNT_KEEP in acts else "/espace/compte/connexions"

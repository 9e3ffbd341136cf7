"""The one way in: whoever proved who they are, by whatever means, gets their session and their cookie here."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, current_app, redirect, session

from app.accounts import cookie, service
from app.db import unit_of_work
from app.web import current_actor


def entered(
    person_id: int,
    target: str | None,
    *,
    shared_computer: bool,
    within: Callable[[service.Opened], None] | None = None,
) -> Response:
    """Sign a person in and lead them to `target`, a path of this house (`app.web.local_path`), or to their space.

    Whoever was signed in in this browser is signed out; the session is a new one, so that none is fixed beforehand.
    `within` is called in the transaction that opens it.
    """
    former = current_actor()
    with unit_of_work():
        if former.is_authenticated:
            service.sign_out(former)
        opened = service.sign_in(person_id, shared_computer=shared_computer)
        if within is not None:
            within(opened)
    session.clear()  # the forms of before the sign-in are worth nothing after it
    response = redirect(target or "/espace", code=303)
    assert isinstance(response, Response)
    cookie.set_on(response, current_app.config["SETTINGS"], opened)
    return response

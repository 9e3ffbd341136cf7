"""Signing out at the provider too (OpenID Connect RP-Initiated Logout 1.0), after the sign-out here."""

from __future__ import annotations

import secrets

from flask import Response, current_app, session, url_for

from app.accounts.entering import way_in
from app.accounts.leaving import Farewell, on_leaving
from app.accounts.service import Opened
from app.oidc import attempts
from app.oidc.exchange import with_query
from app.oidc.known import Known
from app.oidc.refusing import TurnedAway
from app.policy import Actor
from app.web import discreet, page
from config import Logout, Provider, Settings

# Where the browser keeps what the way back must bring, until it is used: in the signed cookie of the forms.
WAITED_FOR = "oidc_leaving"
WAY_IN = "oidc"


def came_by(provider: Provider, id_token: str) -> str:
    """What has to be remembered of a sign-in so that one can leave the provider too (`app.accounts.entering`)."""
    return f"{WAY_IN} {provider.name} {id_token}"


def _remember(opened: Opened, told: str) -> None:
    name, _space, id_token = told.partition(" ")
    attempts.keep(opened.actor.session_id, name, id_token)


way_in(WAY_IN, _remember)


@on_leaving
def leave_provider(actor: Actor) -> Farewell | None:
    """The page that leads on to the provider, or says that its session goes on; None when one came by a password."""
    held = attempts.kept(actor.session_id)
    if held is None:
        return None
    name, id_token = held
    known: Known | None = current_app.extensions["oidc"].get(name)
    if known is None:
        return None
    return lambda: _farewell(known, id_token)


def _farewell(known: Known, id_token: str) -> Response:
    provider = known.provider
    end = None
    if provider.logout is Logout.PROVIDER:
        try:
            end = known.addresses().end_session
        except TurnedAway:
            pass  # signed out here all the same; the page says what is left to do
    if end is None:
        return discreet(page("oidc/still_open.html", provider=provider))
    state = secrets.token_urlsafe(32)
    session[WAITED_FOR] = f"{provider.name}:{state}"
    asked = {
        "id_token_hint": id_token,
        "post_logout_redirect_uri": address_of("oidc.left", provider.name),
        "state": state,
        "client_id": provider.client_id,
    }
    return discreet(page("oidc/go_on.html", provider=provider, href=with_query(end, asked), is_leaving=True))


def is_waited_for(name: str, state: str) -> bool:
    """Whether a way back from a provider belongs to a sign-out of this browser; it is good once."""
    waited = str(session.get(WAITED_FOR, ""))
    if not secrets.compare_digest(waited.encode(), f"{name}:{state}".encode()):
        return False
    session.pop(WAITED_FOR)
    return True


def address_of(endpoint: str, name: str) -> str:
    """An address of this portal as a provider is told it: from PUBLIC_URL, never from what a request says of itself."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.public_url + url_for(endpoint, name=name)

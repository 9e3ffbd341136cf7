"""/connexion/oidc/…: to a provider and back; /espace/compte/connexions: which of them open one's account."""

from __future__ import annotations

import logging
import re
import secrets
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask.blueprints import BlueprintSetupState
from markupsafe import Markup

from app import refusals
from app.accounts.entering import entered
from app.db import reading, unit_of_work
from app.errors import DomainError, Invalid, Missing
from app.extensions import gettext as _
from app.oidc import attempts, departing, exchange, identities
from app.oidc.attempts import Attempt
from app.oidc.known import Known
from app.oidc.models import ExternalIdentity
from app.oidc.refusing import Reason, TurnedAway, sentence
from app.panels import panel
from app.policy import Act, Actor
from app.web import current_actor, discreet, guarded, local_path, page, see_other
from config import Provider, Settings

log = logging.getLogger(__name__)
blueprint = Blueprint("oidc", __name__, template_folder="templates")
# Answers of providers have a code, a state, an issuer, an error and its words; no more is looked at.
MOST_PARAMETERS = 20


@blueprint.record
def _providers_of(state: BlueprintSetupState) -> None:
    settings: Settings = state.app.config["SETTINGS"]
    state.app.extensions["oidc"] = {provider.name: Known(provider) for provider in settings.oidc}


def providers() -> list[Provider]:
    return [known.provider for known in current_app.extensions["oidc"].values()]


def known_as(name: str) -> Known:
    found: Known | None = current_app.extensions["oidc"].get(name)
    if found is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return found


def provider_door(name: str) -> Provider:
    return known_as(name).provider


def identity_door(identity_id: int) -> ExternalIdentity:
    return identities.identity_called(identity_id)


@panel("sign-in")
def ways_in(target: str | None) -> Markup | None:
    """The buttons of the providers, on the sign-in page."""
    if not providers():
        return None
    return Markup(render_template("oidc/ways_in.html", providers=providers(), next=target))  # noqa: S704 # nosec B704 # a template of ours, which escapes


@panel("account")
@panel("espace", order=95)
def my_ways_in(actor: Actor) -> Markup | None:
    """Where one's ways in are kept, on one's own page."""
    return Markup(render_template("oidc/my_ways_in.html")) if providers() else None  # noqa: S704 # nosec B704 # a template of ours, which escapes


@blueprint.get("/connexion/oidc/<name>")
@guarded(Act.PORTAL_SIGN_IN, provider_door, waits=True)
def sign_in(name: str) -> Any:
    target = local_path(request.args.get("next"))
    shared = request.args.get("poste_partage") == "y"
    try:
        there, browser = _begun(known_as(name), next_path=target, shared_computer=shared)
    except TurnedAway as refusal:
        return _turned_away(known_as(name), refusal, target)
    return _with_browser(redirect(there), browser)


@blueprint.post("/espace/compte/connexions/<name>")
@guarded(Act.ACCOUNT_LINK, provider_door)
def begin_link(name: str) -> Any:
    known = known_as(name)
    try:
        there, browser = _begun(known, linked_by=current_actor())
    except TurnedAway as refusal:
        return _turned_away(known, refusal, None)
    # A page and no redirect: a form of ours leads to no other site (the policy's form-action), a link does.
    return _with_browser(discreet(page("oidc/go_on.html", provider=known.provider, href=there)), browser)


def _begun(known: Known, **more: Any) -> tuple[str, str]:
    """(address at the provider, the browser's token). Raises TurnedAway when the provider does not answer."""
    known.addresses()  # outside the transaction, which waits for nobody
    browser = request.cookies.get(_cookie(), "")
    if not re.fullmatch(rf"[\w-]{{{attempts.TOKEN_LENGTH}}}", browser, re.ASCII):
        browser = secrets.token_urlsafe(32)
    with unit_of_work():
        begun = attempts.begin(known.provider, browser, **more)
    return exchange.way_there(known, begun, _callback(known)), browser


@blueprint.get("/connexion/oidc/<name>/retour")
@guarded(Act.PORTAL_SIGN_IN, provider_door, waits=True)
def back(name: str) -> Any:
    known = known_as(name)
    target = None
    try:
        attempt = _attempt(known)
        target = attempt.next_path
        code = exchange.look_at_answer(known, request.args.to_dict(flat=False))
        proof = exchange.redeem(known, attempt, code, _callback(known))
        return _linked(known, attempt, proof) if attempt.sign_in_id else _came_in(known, attempt, proof)
    except TurnedAway as refusal:
        return _turned_away(known, refusal, target)


def _attempt(known: Known) -> Attempt:
    """The attempt that this answer is for. Raises TurnedAway."""
    states = request.args.getlist("state")
    if len(states) != 1 or len(request.args) > MOST_PARAMETERS:
        raise TurnedAway(Reason.STATE, "missing")
    refused = None
    with unit_of_work():
        try:
            attempt = attempts.take(known.provider, states[0], request.cookies.get(_cookie(), ""))
        except TurnedAway as refusal:
            refused = refusal  # what was used up stays so
    if refused is not None:
        raise refused
    return attempt


def _came_in(known: Known, attempt: Attempt, proof: exchange.Proof) -> Response:
    with unit_of_work():
        person_id = identities.come_in(known.provider, proof)
        at_home = identities.has_a_place(person_id)
    return entered(
        person_id,
        attempt.next_path if at_home else "/espace/compte/connexions",
        shared_computer=attempt.shared_computer,
        came_by=departing.came_by(known.provider, proof.id_token),
    )


def _linked(known: Known, attempt: Attempt, proof: exchange.Proof) -> Any:
    actor = current_actor()
    if actor.session_id != attempt.sign_in_id:
        raise TurnedAway(Reason.NOT_SIGNED_IN)
    with unit_of_work():
        identities.link(actor, known.provider, proof)
    flash(_("%(label)s ouvre désormais votre compte.", label=known.provider.label))
    return see_other("oidc.my_connections")


def _turned_away(known: Known, refusal: TurnedAway, target: str | None) -> Response:
    """The page that says why nobody was signed in, and what to do."""
    log.warning("nobody was signed in by %s: %s", known.provider.name, refusal.reason)
    if refusal.reason in (Reason.STATE, Reason.DOWN):
        # Anybody may send as many of these as they like: they are counted, and fill no log that is kept for ever.
        refusals.note(f"oidc.{refusal.reason}", current_actor().id)
    else:
        with unit_of_work():
            identities.turned_away(known.provider, refusal)
    return discreet(
        page(
            "oidc/turned_away.html",
            refusal.status,
            provider=known.provider,
            reason=refusal.reason,
            said=sentence(refusal.reason, known.provider.label),
            next=target,
        )
    )


@blueprint.get("/connexion/oidc/<name>/sortie")
@guarded(Act.PORTAL_SIGN_IN, provider_door)
def left(name: str) -> Any:
    known = known_as(name)
    if not departing.is_waited_for(name, request.args.get("state", "")[:100]):
        raise Invalid(
            _("Cette adresse ne sert qu’au retour d’une déconnexion. Vous pouvez fermer cette page.")
        )
    return discreet(page("oidc/left.html", provider=known.provider))


@blueprint.get("/espace/compte/connexions")
@guarded(Act.ACCOUNT_LINK)
def my_connections() -> Any:
    return _connections()


def _connections(status: int = 200, error: DomainError | None = None) -> Any:
    with reading():
        standing = identities.standing_of(current_actor(), providers())
    faults = [("", error.message)] if error else []
    return page("oidc/connections.html", status, standing=standing, faults=faults)


@blueprint.get("/espace/compte/connexions/<int:identity_id>/retirer")
@guarded(Act.ACCOUNT_LINK, identity_door)
def confirm_unlink(identity_id: int) -> Any:
    identity = identities.identity_called(identity_id)
    return page("oidc/unlink.html", identity=identity, label=identities.label_of(identity, providers()))


@blueprint.post("/espace/compte/connexions/<int:identity_id>/retirer")
@guarded(Act.ACCOUNT_LINK, identity_door)
def unlink(identity_id: int) -> Any:
    try:
        with unit_of_work():
            identities.unlink(current_actor(), identity_id)
    except Invalid as error:
        return _connections(error.status, error)
    flash(_("Cette identité n’ouvre plus votre compte."))
    return see_other("oidc.my_connections")


def _callback(known: Known) -> str:
    return departing.address_of("oidc.back", known.provider.name)


def _cookie() -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return settings.cookie_called("openlab_oidc")


def _with_browser(response: Any, browser: str) -> Response:
    """Lax: the way back is a link from another site, followed in this browser."""
    settings: Settings = current_app.config["SETTINGS"]
    assert isinstance(response, Response)
    response.set_cookie(
        _cookie(),
        browser,
        max_age=int(attempts.LASTS.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=settings.is_https,
        path="/",
    )
    return response

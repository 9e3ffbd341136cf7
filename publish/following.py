"""The secret link under which somebody without an account follows what they wrote: `/suivi/<token>`.

A token is made of the thing's kind and number and of a MAC over both under the instance's secret key (HMAC-SHA-256, 128 bits of it,
RFC 2104): nothing of it is stored, so that a copy of the database opens no link, and a mail that is written a year later can hold the
same one. Each kind of thing registers what its page shows and does; `/desabonnement/<token>` is the same for leaving.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, make_response, request

from app.errors import Missing
from app.extensions import csrf
from app.extensions import gettext as _
from app.policy import Act
from app.web import discreet, guarded
from publish.visitors import from_here

FOLLOW, LEAVE = "suivi", "desabonnement"
_TOKEN = re.compile(r"([a-z]{1,12})([0-9]{1,18})-([0-9a-f]{32})")
# What answers for one kind: called with the number of the thing; reads `flask.request` for the rest.
View = Callable[[int], Any]
_views: dict[tuple[str, str], View] = {}
_secret = b""


def configure(secret_key: str) -> None:
    """Say what links are signed with, for the mails of the worker too. Called once by the factory."""
    global _secret
    _secret = secret_key.encode()


def token(kind: str, number: int, purpose: str = FOLLOW) -> str:
    said = f"openlab.{purpose}\x00{kind}\x00{number}".encode()
    return f"{kind}{number}-{hmac.new(_secret, said, hashlib.sha256).hexdigest()[:32]}"


def path(kind: str, number: int, purpose: str = FOLLOW) -> str:
    return f"/{purpose}/{token(kind, number, purpose)}"


def opened(given: str, purpose: str = FOLLOW) -> tuple[str, int]:
    """(kind, number) of a token. Raises Missing for one that is not ours."""
    match = _TOKEN.fullmatch(given)
    if match is None or not hmac.compare_digest(token(match[1], int(match[2]), purpose), given):
        raise Missing(_("Ce lien n’est pas bon. Vérifiez que vous l’avez copié en entier."))
    return match[1], int(match[2])


def answers(kind: str, purpose: str = FOLLOW) -> Callable[[View], View]:
    """Register what answers GET and POST of the links of `kind` (lower-case letters)."""

    def register(view: View) -> View:
        _views[kind, purpose] = view
        return view

    return register


def _view(purpose: str) -> Callable[..., Any]:
    def view(token: str) -> Any:
        kind, number = opened(token, purpose)
        if (kind, purpose) not in _views:
            raise Missing(_("Ce lien n’est pas bon. Vérifiez que vous l’avez copié en entier."))
        if request.method == "POST":
            from_here(request)
        return discreet(make_response(_views[kind, purpose](number)))

    return view


def register(blueprint: Blueprint) -> None:
    for purpose, name in ((FOLLOW, "follow"), (LEAVE, "leave")):
        view = guarded(Act.PORTAL_READ)(_view(purpose))
        # Whoever holds the link is who it was given to; no session stands behind it that a token could protect.
        csrf.exempt(view)
        blueprint.add_url_rule(f"/{purpose}/<token>", name, view, methods=["GET", "POST"])

"""The secret link under which somebody without an account follows what they wrote: `/suivi/<token>`.

Each kind of thing registers what its page shows and does; `/desabonnement/<token>` is the same for leaving. How a token is made:
`publish.secret_links`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, make_response, request

from app.errors import Missing
from app.extensions import csrf
from app.extensions import gettext as _
from app.policy import Act
from app.web import discreet, guarded
from publish.secret_links import FOLLOW, LEAVE, opened, path, token
from publish.visitors import from_here

__all__ = ["FOLLOW", "LEAVE", "answers", "opened", "path", "register", "token"]
# What answers for one kind: called with the number of the thing; reads `flask.request` for the rest.
View = Callable[[int], Any]
_views: dict[tuple[str, str], View] = {}


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

"""Addresses of the public side and of what it hangs on the agents' pages.

Stored pages are answered before Flask (`publish.pages`); their routes here give them names, and turn what is
missing or broken into an error page.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, redirect, request
from werkzeug.exceptions import NotFound

from app.extensions import gettext as _
from app.policy import Act
from app.web import guarded, wants_json
from publish import addresses, agents, api, feeds, health, pages, search

blueprint = Blueprint("publish", __name__, template_folder="templates")
api.register(blueprint)
health.register(blueprint)
agents.register(blueprint)


def _stored(path: str) -> Response:
    found = pages.respond(path)
    if found is None:
        return pages.framed("not_found.html", path, status=404)
    return found


def _fixed(path: str, name: str) -> None:
    def view() -> Response:
        return _stored(path)

    blueprint.add_url_rule(path, name, guarded(Act.PORTAL_READ)(view))


for _path, _kind in addresses.FIXED.items():
    _fixed(_path, str(_kind))


@blueprint.get("/fiches/<slug>")
@guarded(Act.PORTAL_READ)
def article(slug: str) -> Response:
    return _stored(addresses.article(slug))


@blueprint.get("/fiches/<slug>/historique")
@guarded(Act.PORTAL_READ)
def history(slug: str) -> Response:
    return _stored(addresses.history(slug))


@blueprint.get("/themes/<slug>")
@guarded(Act.PORTAL_READ)
def theme(slug: str) -> Response:
    return _stored(addresses.theme(slug))


@blueprint.get("/situations/<slug>")
@guarded(Act.PORTAL_READ)
def life_event(slug: str) -> Response:
    return _stored(addresses.life_event(slug))


@blueprint.get("/administrations/<slug>")
@guarded(Act.PORTAL_READ)
def administration(slug: str) -> Response:
    return _stored(addresses.administration(slug))


@blueprint.get("/recherche")
@guarded(Act.PORTAL_READ)
def find() -> Response:
    found = search.search(request.args.get("q", ""), request.args.get("page", 1, type=int) or 1)
    # What somebody looks for is theirs: no store keeps it, and the address leaves with no link.
    return pages.framed("search.html", "/recherche", it=found)


@blueprint.get("/.well-known/security.txt")
@guarded(Act.PORTAL_READ)
def security() -> Response:
    settings = current_app.config["SETTINGS"]
    text = feeds.security(settings.public_url, settings.mail_from)
    return Response(
        text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "public, max-age=86400"}
    )


@blueprint.app_errorhandler(404)
def not_found(_error: NotFound) -> Any:
    """A public page says where to look; programs get JSON. A spelling that nearly is an address leads to it."""
    if wants_json():
        return api.error(404, "not_found", _("Cette adresse n’existe pas."))
    if request.method in ("GET", "HEAD"):
        straight = request.path.rstrip("/").lower()
        if straight != request.path and addresses.understood(straight) and pages.exists(straight):
            return redirect(straight, code=301)
    return pages.framed("not_found.html", request.path, status=404)

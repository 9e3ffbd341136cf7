"""The blueprint of this room, and the door its routes share."""

from __future__ import annotations

from flask import Blueprint, current_app

from app.errors import Unauthenticated
from app.extensions import gettext as _
from app.web import current_actor
from labs import queries
from labs.models import Lab
from labs.policy import LABS, Labs

blueprint = Blueprint("labs", __name__, template_folder="templates")


def absolute(path: str) -> str:
    """The address a program can open, whichever way it reached us."""
    return str(current_app.config["SETTINGS"].public_url) + path


def labs_door(**_rest: object) -> Labs:
    if current_actor().is_anonymous:
        raise Unauthenticated(_("Connectez-vous pour continuer."))
    return LABS


def lab_door(slug: str, **_rest: object) -> Lab:
    """The lab that is judged. Who is not signed in learns nothing of it, not even whether it exists."""
    if current_actor().is_anonymous:
        raise Unauthenticated(_("Connectez-vous pour continuer."))
    return queries.lab_called(slug)

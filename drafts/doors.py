"""The blueprint of this room, and the door its routes share."""

from __future__ import annotations

from flask import Blueprint

from app.errors import Missing, Unauthenticated
from app.extensions import gettext as _
from app.policy import Act, acts_for
from app.web import current_actor
from drafts import queries
from drafts.models import Draft

blueprint = Blueprint("drafts", __name__, template_folder="templates")


def draft_door(draft_id: int, **_rest: object) -> Draft:
    """The draft that is judged. Who is not signed in learns nothing of it, not even whether it exists."""
    if current_actor().is_anonymous:
        raise Unauthenticated(_("Connectez-vous pour continuer."))
    return queries.draft_numbered(draft_id)


def history_door(draft_id: int, **_rest: object) -> Draft:
    """The draft whose past is asked for. Who may not read the past does not learn that there is a page about it."""
    draft = draft_door(draft_id)
    if Act.DRAFT_HISTORY not in acts_for(current_actor(), draft):
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return draft

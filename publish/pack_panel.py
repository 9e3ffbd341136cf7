"""The way to the packs, in the space of mediators."""

from __future__ import annotations

from flask import render_template
from markupsafe import Markup

from app.panels import panel
from app.policy import Act, Actor, PortalRole, acts_for
from publish.pack_policy import PACKS


@panel("espace", order=65)
def packs_to_take_along(actor: Actor) -> Markup | None:
    """Agents find the page from that of the espaces connectés; a mediator has it before their eyes."""
    if PortalRole.MEDIATOR not in actor.roles or Act.PACK_MAKE not in acts_for(actor, PACKS):
        return None
    return Markup(render_template("publish/pack_panel.html"))  # noqa: S704 # nosec B704 # a template of ours, which escapes

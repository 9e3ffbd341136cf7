"""What this room hangs on the pages of the floors below: a lab's drafts, and what waits for a person."""

from __future__ import annotations

from flask import render_template
from markupsafe import Markup

from app.panels import panel
from app.policy import Act, Actor, PortalRole, acts_for
from drafts import list_queries
from labs.models import Lab


def _rendered(template: str, **values: object) -> Markup:
    # Jinja has escaped what stands in it: it is a template of ours.
    return Markup(render_template(template, **values))  # noqa: S704


@panel("lab", order=10)
def drafts_of_lab(actor: Actor, lab: Lab) -> Markup | None:
    """The drafts of a lab by stage, for those who may read them."""
    acts = acts_for(actor, lab)
    if Act.LAB_READ not in acts:
        return None
    return _rendered(
        "drafts/lab_panel.html",
        lab=lab,
        stages=list_queries.drafts_of_lab(actor, lab),
        may_write=Act.LAB_WRITE in acts,
    )


@panel("espace", order=10)
def waiting_for_me(actor: Actor) -> Markup:
    """What waits for a person: answers first, then the texts they write in."""
    return _rendered(
        "drafts/space_panel.html",
        waiting=list_queries.waiting_for(actor),
        writing=list_queries.written_by(actor, published=False),
        published=list_queries.written_by(actor, published=True),
        answers=bool(actor.reviewer_of) or PortalRole.PORTAL_EDITOR in actor.roles,
    )

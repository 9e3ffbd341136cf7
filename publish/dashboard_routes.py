"""/tableau-de-bord: what an administration's pages do for their readers; what the portal lacks, for its editors."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from markupsafe import Markup

from app.panels import panel
from app.policy import PORTAL, Act, Actor, acts_for
from app.web import current_actor, guarded, page
from publish import dashboard, fate_queries, misses

# Searches in vain that the page names; the others have a page of their own.
MOST_MISSES = 10


@panel("espace", order=70)
def figures_here(actor: Actor) -> Markup | None:
    """The way to the figures of one's administration."""
    may = acts_for(actor, PORTAL)
    if Act.PORTAL_WORK not in may:
        return None
    text = render_template("publish/dashboard_panel.html", may_publish=Act.PORTAL_PUBLISH in may)
    return Markup(text)  # noqa: S704 # nosec B704 # a template of ours, which escapes


def register(blueprint: Blueprint) -> None:
    @blueprint.get("/tableau-de-bord", endpoint="dashboard")
    @guarded(Act.PORTAL_WORK)
    def show() -> Any:
        actor = current_actor()
        assert actor.administration_id is not None  # who works here is of an administration
        return page(
            "publish/dashboard.html",
            found=dashboard.dashboard(actor.administration_id),
            may_publish=Act.PORTAL_PUBLISH in acts_for(actor, PORTAL),
        )

    @blueprint.get("/tableau-de-bord/manques", endpoint="gaps")
    @guarded(Act.PORTAL_PUBLISH)
    def lacking() -> Any:
        return page(
            "publish/gaps.html",
            found=dashboard.gaps(),
            late=[one for one in fate_queries.to_verify(current_actor()) if one.is_overdue],
            missed=misses.missed()[:MOST_MISSES],
        )

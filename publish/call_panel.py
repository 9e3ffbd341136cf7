"""The calls and reading tests of a lab, hung on its home; and the way to the calls, in the space of who puts them."""

from __future__ import annotations

from flask import render_template
from markupsafe import Markup

from app.panels import panel
from app.policy import Act, Actor, PortalRole, acts_for
from labs.models import Lab
from publish import call_queries, reading_test_queries
from publish.call_policy import CALLS

# On the home of a lab stand the latest; the rest is a click away, or has been long over.
MOST = 5


@panel("lab", order=70)
def asked_by_lab(actor: Actor, lab: Lab) -> Markup | None:
    acts = acts_for(actor, lab)
    if Act.LAB_READ not in acts or actor.is_guest:
        return None
    calls, tests = call_queries.calls_for(actor, lab), reading_test_queries.tests_of(lab)
    leads = Act.LAB_LEAD in acts
    if not calls and not tests and not leads:
        return None
    text = render_template(
        "publish/call_panel.html", lab=lab, calls=calls[:MOST], tests=tests[:MOST], leads=leads
    )
    return Markup(text)  # noqa: S704 # nosec B704 # a template of ours, which escapes


@panel("espace", order=60)
def calls_to_see_to(actor: Actor) -> Markup | None:
    """For who puts calls or keys in answers."""
    acts = acts_for(actor, CALLS)
    if Act.CALL_EDIT not in acts and PortalRole.MEDIATOR not in actor.roles:
        return None
    rows = call_queries.calls_for(actor, only_open=True)
    text = render_template("publish/call_space_panel.html", rows=rows, may_prepare=Act.CALL_EDIT in acts)
    return Markup(text)  # noqa: S704 # nosec B704 # a template of ours, which escapes

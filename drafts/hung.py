"""What this room hangs on the pages of the floors below: a lab's drafts, and what waits for a person."""

from __future__ import annotations

import time

from flask import Response, current_app, g, render_template, request
from markupsafe import Markup

import drafts.forgetting
import drafts.role_news  # noqa: F401 - registers what this room forgets of a person, and hears of roles
from app import waiting
from app.db import reading, session
from app.errors import DomainError
from app.panels import panel
from app.policy import PORTAL, Act, Actor, acts_for
from app.web import current_actor
from drafts import damage, easy_queries, lab_queries, list_queries, notice_queries
from drafts import waiting as _sources  # noqa: F401 - registers what waits
from drafts.doors import blueprint
from drafts.glossary_policy import GLOSSARY
from drafts.models import Draft
from labs.cycle_queries import CycleRow
from labs.models import Lab

# How old the number in the header may be.
KEPT_SECONDS = 20.0


def _rendered(template: str, **values: object) -> Markup:
    # Jinja has escaped what stands in it: it is a template of ours.
    return Markup(render_template(template, **values))  # noqa: S704 # nosec B704 # a template of ours, which escapes


@panel("header", order=10)
def my_notices(actor: Actor) -> Markup | None:
    """How much waits for a person, and how many notices, on every page of theirs. An error page shows it only where it can."""
    if Act.PORTAL_WORK not in acts_for(actor, PORTAL):
        return None
    try:
        with reading():
            count = notice_queries.unread(actor)
            todo = _todo(actor)
    except DomainError:
        return None
    return _rendered("drafts/header_panel.html", count=count, todo=todo)


def _todo(actor: Actor) -> int:
    """How many things wait for a person, as of some seconds ago: ten queries for each page would be felt by who types.

    In their own space, and after anything they did in this process, it is counted anew.
    """
    kept: dict[int, tuple[float, int]] = current_app.extensions.setdefault("openlab_todo", {})
    at, count = kept.get(actor.id, (-KEPT_SECONDS, 0))
    if time.monotonic() - at >= KEPT_SECONDS or request.path == "/espace":
        count = sum(not item.is_news for item in waiting.waiting_for(actor))
        if len(kept) >= 10_000:
            kept.clear()
        kept[actor.id] = (time.monotonic(), count)
    return count


@blueprint.after_app_request
def _forget_todo(response: Response) -> Response:
    # Only where the request asked who is there: a stranger's does not.
    if request.method == "POST" and "_login_user" in g:
        current_app.extensions.get("openlab_todo", {}).pop(current_actor().id, None)
    return response


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


@panel("lab-decide", order=10)
def left_to_decide(actor: Actor, lab: Lab) -> Markup | None:
    """What the people of a lab have to settle about its texts."""
    if Act.LAB_READ not in acts_for(actor, lab):
        return None
    left = lab_queries.left_to_decide(actor, lab)
    return _rendered("drafts/decide_panel.html", left=left) if left else None


@panel("cycle", order=10)
def advance_of_cycle(_actor: Actor, row: CycleRow) -> Markup | None:
    """How far the texts of the labs of a cycle have come."""
    if not row.labs:
        return None
    return _rendered(
        "drafts/cycle_panel.html", advance=lab_queries.advance_of([(lab.id, lab.title) for lab in row.labs])
    )


@panel("espace", order=5)
def alerts_for_administrators(actor: Actor) -> Markup | None:
    """What broke, since when, and what to do; for administrators."""
    if Act.PORTAL_ADMINISTER not in acts_for(actor, PORTAL):
        return None
    lines = damage.open_lines()
    if not lines:
        return None
    drafts = {line.draft_id: session().get(Draft, line.draft_id) for line in lines if line.draft_id}
    readable = {
        number
        for number, draft in drafts.items()
        if draft is not None and Act.DRAFT_READ in acts_for(actor, draft)
    }
    return _rendered("drafts/alerts_panel.html", lines=lines, readable=readable)


@panel("espace", order=2)
def waiting_for_me(actor: Actor) -> Markup:
    """What waits for a person, in every room; then what they should know of."""
    found = waiting.waiting_for(actor)
    return _rendered(
        "drafts/waiting_panel.html",
        todo=[item for item in found if not item.is_news],
        news=[item for item in found if item.is_news],
    )


@panel("espace", order=80)
def way_to_glossary(actor: Actor) -> Markup | None:
    acts = acts_for(actor, GLOSSARY)
    if Act.GLOSSARY_SEE not in acts:
        return None
    return _rendered("drafts/glossary_panel.html", may_write=Act.GLOSSARY_WRITE in acts)


@panel("espace", order=10)
def my_texts(actor: Actor) -> Markup:
    """The texts a person writes in."""
    return _rendered(
        "drafts/space_panel.html",
        writing=list_queries.written_by(actor, published=False),
        published=list_queries.written_by(actor, published=True),
    )


@panel("draft", order=30)
def easy_twin(actor: Actor, draft: Draft) -> Markup | None:
    """Where the easy-to-read twin of a draft stands; nothing to somebody who could only read that there is none."""
    writes = Act.DRAFT_WRITE in acts_for(actor, draft)
    state = easy_queries.state_of(draft)
    if not state.begun and not writes:
        return None
    return _rendered("drafts/easy_panel.html", draft=draft, state=state, writes=writes)

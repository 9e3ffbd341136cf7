"""The desk of the portal editors: several texts published at once, what is planned, what is to be verified."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, flash, render_template, request
from markupsafe import Markup

from app.db import reading, unit_of_work
from app.errors import DomainError, Missing
from app.extensions import gettext as _
from app.extensions import ngettext
from app.panels import panel
from app.policy import PORTAL, Act, Actor, acts_for
from app.web import current_actor, guarded, page, see_other
from drafts.queries import draft_numbered
from publish import addresses, fate_queries, service
from publish.desk import desk
from publish.fate_forms import DeskForm
from publish.forms import number_in

log = logging.getLogger(__name__)
# A page of ticked boxes; more than that nobody has read.
MOST_AT_ONCE = 100


@panel("espace", order=12)
def to_decide(actor: Actor) -> Markup | None:
    """Where one publishes and verifies; what is urgent of it stands in the list of what waits (`publish.awaiting`)."""
    may = acts_for(actor, PORTAL)
    if Act.PORTAL_VERIFY not in may:
        return None
    found = desk(actor) if Act.PORTAL_PUBLISH in may else None
    pages = fate_queries.to_verify(actor)
    if found is None and not pages:
        return None
    text = render_template("publish/space_panel.html", desk=found, pages=pages)
    return Markup(text)  # noqa: S704 # nosec B704 # a template of ours, which escapes


def _publish(draft_id: int, fingerprint: str, seen: int | None) -> str:
    """Publish one text in a transaction of its own; what is wrong with it, or "" when it is out."""
    try:
        with unit_of_work():
            service.publish(current_actor(), draft_numbered(draft_id), fingerprint, seen=seen)
    except DomainError as error:
        return error.message
    except Exception:
        # What became of the texts before it must be said all the same.
        log.exception("draft %s could not be published with the others", draft_id)
        return _("Une erreur est survenue de notre côté. Vous pouvez réessayer.")
    return ""


def _title(draft_id: int) -> str:
    try:
        with reading():
            draft = draft_numbered(draft_id)
            return draft.title if Act.DRAFT_READ in acts_for(current_actor(), draft) else ""
    except Missing:
        return ""


def _results(chosen: list[str]) -> list[tuple[str, str, str]]:
    """(title, address of the page or "", what went wrong) of each ticked text: number, fingerprint, last act."""
    found = []
    for entry in chosen[:MOST_AT_ONCE]:
        number, _sep, rest = entry[:100].partition(".")
        fingerprint, _sep, acts = rest.partition(".")
        draft_id = number_in(number)
        if draft_id is None:
            continue
        title = _title(draft_id)
        wrong = _publish(draft_id, fingerprint, number_in(acts))
        address = "" if wrong else _address(draft_id)
        found.append((title or _("Texte %(number)d", number=draft_id), address, wrong))
    return found


def _address(draft_id: int) -> str:
    with reading():
        return addresses.article(draft_numbered(draft_id).article.slug)


def register(blueprint: Blueprint) -> None:
    @blueprint.get("/publications", endpoint="desk")
    @guarded(Act.PORTAL_PUBLISH)
    def show() -> Any:
        return page("publish/desk.html", desk=desk(current_actor()), form=DeskForm(), faults=[], results=[])

    @blueprint.post("/publications")
    @guarded(Act.PORTAL_PUBLISH)
    def publish_several() -> Any:
        form = DeskForm()
        chosen = request.form.getlist("textes")
        if not form.validate_on_submit() or not chosen or not form.relu.data:
            faults = []
            if not chosen:
                faults.append(("#textes", _("Cochez au moins un texte à publier.")))
            if not form.relu.data:
                faults.append(
                    (f"#{form.relu.id}", _("Cochez la case qui dit que vous avez relu ces textes."))
                )
            with reading():
                return page(
                    "publish/desk.html", 422, desk=desk(current_actor()), form=form, faults=faults,
                    results=[], chosen=chosen,
                )  # fmt: skip
        results = _results(chosen)
        done = [one for one in results if not one[2]]
        said = ngettext("%(num)d texte est publié.", "%(num)d textes sont publiés.", len(done))
        if len(done) == len(results):
            flash(said)
            return see_other("publish.desk")
        with reading():
            return page(
                "publish/desk.html", 200 if done else 409, desk=desk(current_actor()), form=DeskForm(formdata=None),
                faults=[], results=results,
            )  # fmt: skip

    @blueprint.get("/verifications", endpoint="verifications")
    @guarded(Act.PORTAL_VERIFY)
    def verifications() -> Any:
        return page("publish/verifications.html", pages=fate_queries.to_verify(current_actor()))

"""/aide: the guides, for everybody; and what of them hangs on the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, render_template
from markupsafe import Markup

from app.db import session
from app.errors import Missing
from app.extensions import gettext as _
from app.guides import chapters, first_steps, how_to
from app.panels import panel
from app.policy import PORTAL, Act, Actor, acts_for
from app.web import guarded, page
from labs.models import Membership

blueprint = Blueprint("guides", __name__, template_folder="templates")
# They change with a release, and keep their names.
KEPT = "public, max-age=3600"


def folder() -> Path:
    return Path(current_app.config.get("GUIDES") or chapters.FOLDER)


@blueprint.get("/aide")
@guarded(Act.PORTAL_READ)
def index() -> Any:
    return page("guides/index.html", chapters=chapters.chapters(folder()))


@blueprint.get("/aide/<chapter>")
@guarded(Act.PORTAL_READ)
def chapter(chapter: str) -> Any:
    found = chapters.chapter(chapter, folder())
    others = chapters.chapters(folder())
    if found is None:
        return page("guides/missing.html", 404, chapters=others)
    return page("guides/chapter.html", chapter=found, chapters=others)


@blueprint.get("/aide/images/<picture>")
@guarded(Act.PORTAL_READ)
def picture(picture: str) -> Response:
    found = chapters.picture(picture, folder())
    if found is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    kind = chapters.KINDS[picture.rpartition(".")[2]]
    return Response(found, content_type=kind, headers={"Cache-Control": KEPT})


@panel("help")
def how_to_do_it(endpoint: str | None) -> Markup | None:
    """« Comment faire » of a page that has one."""
    found = how_to.of_page(endpoint or "")
    return _drawn("guides/how_to.html", help=found) if found is not None else None


@panel("espace", order=3)
def where_to_begin(actor: Actor) -> Markup | None:
    """Unfolded as long as a person is in no lab but that of their administration, which everybody is in."""
    if Act.PORTAL_WORK not in acts_for(actor, PORTAL):
        return None
    places = session().scalar(
        sa.select(sa.func.count()).select_from(Membership).where(Membership.person_id == actor.id)
    )
    is_new = (places or 0) < 2
    return _drawn("guides/first_steps.html", steps=list(first_steps.steps_of(actor)), is_new=is_new)


def _drawn(template: str, **values: object) -> Markup:
    return Markup(render_template(template, **values))  # noqa: S704 # nosec B704 # a template of ours, which escapes

"""Pages of the labs, a person's own space, and who they are for programs."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import flash, request, url_for

from app.db import reading, unit_of_work
from app.directory.models import Administration
from app.errors import Invalid
from app.extensions import gettext as _
from app.forms import Faults
from app.interface import Listed, asked, operation, page_of
from app.policy import Act, Scope, acts_for
from app.web import current_actor, guarded, page, see_other
from labs import (
    cycle_routes,  # noqa: F401 - adds its routes to the blueprint
    guest_routes,  # noqa: F401 - adds its routes to the blueprint
    joining_routes,  # noqa: F401 - adds its routes to the blueprint
    people_routes,  # noqa: F401 - adds its routes to the blueprint
    queries,
    service,
    wish_queries,
    wish_work,
)
from labs import waiting as _sources  # noqa: F401 - registers what waits
from labs import wish_policy as _judge  # noqa: F401 - registers who judges wishes
from labs.api_shapes import LabItem, Labs, Me, Place
from labs.doors import absolute, blueprint, lab_door, labs_door
from labs.forms import DescribeForm, FilterForm, FoundForm
from labs.home import lab_page
from labs.models import Lab
from labs.policy import LABS
from labs.service import LONGEST_PURPOSE

__all__ = ["absolute", "blueprint", "lab_door"]


@blueprint.get("/espace")
@guarded(Act.PORTAL_WORK)
def space() -> Any:
    actor = current_actor()
    return page("labs/space.html", sessions=queries.open_sessions(actor), labs=queries.labs_for(actor).mine)


@blueprint.get("/labs")
@guarded(Act.PORTAL_SIT)
def index() -> Any:
    form = FilterForm(queries.carriers(), formdata=request.args)
    form.validate()
    narrowed = queries.Narrowed(
        words=(form.q.data or "")[:100],
        theme=form.theme.data or "",
        administration=form.administration.data or "",
    )
    return page(
        "labs/index.html",
        labs=queries.labs_for(current_actor(), narrowed),
        form=form,
        narrowed=narrowed,
        founds=Act.LAB_FOUND in acts_for(current_actor(), LABS),
    )


@blueprint.get("/labs/nouveau")
@guarded(Act.LAB_FOUND, labs_door)
def founding() -> Any:
    """`?souhait=`: the lab is to study a wish, and begins with its words."""
    wish = wish_queries.untaken(request.args.get("souhait", 0, type=int))
    given: dict[str, Any] = {"ouvert": True}
    if wish is not None:
        given |= {
            "titre": wish.title,
            "but": wish.need[:LONGEST_PURPOSE],
            "souhait": wish.id,
            "vu": wish.version,
        }
    return _founding_page(FoundForm([], formdata=None, data=given))


def _founding_page(form: FoundForm, status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        wish = wish_queries.untaken(form.souhait.data or 0)
        return page("labs/founding.html", status, form=form, wish=wish, faults=faults or [])


@blueprint.post("/labs/nouveau")
@guarded(Act.LAB_FOUND, labs_door)
def found() -> Any:
    form = FoundForm([])
    if not form.validate_on_submit():
        return _founding_page(form, 422, form.faults())
    actor = current_actor()
    try:
        with unit_of_work() as current:
            administration = current.get_one(Administration, actor.administration_id)
            title, purpose = form.titre.data or "", form.but.data or ""
            if form.souhait.data:
                wish = wish_queries.wish_numbered(form.souhait.data)
                lab = wish_work.found_lab_for(actor, wish, form.vu.data or 0, title, purpose, administration)
            else:
                lab = service.create_lab(actor, title, purpose, administration)
            _describe(lab, form)
            slug = lab.slug
    except Invalid as error:
        return _founding_page(form, 422, form.faults_of(error, title="titre", purpose="but"))
    flash(_("Le lab est fondé, et vous l’animez. Invitez maintenant les personnes qui écriront avec vous."))
    return see_other("labs.invite_page", slug=slug)


@blueprint.get("/labs/<slug>")
@guarded(Act.LAB_SEE, lab_door)
def show(slug: str) -> Any:
    return lab_page(slug)


@blueprint.get("/labs/<slug>/presentation")
@guarded(Act.LAB_LEAD, lab_door)
def presentation(slug: str) -> Any:
    lab = queries.lab_called(slug)
    given = {"but": lab.purpose, "themes": lab.themes, "ouvert": lab.open_to_requests}
    return _presentation(slug, DescribeForm(lab.themes, formdata=None, data=given))


def _presentation(slug: str, form: DescribeForm, status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        return page(
            "labs/presentation.html", status, lab=queries.lab_called(slug), form=form, faults=faults or []
        )


@blueprint.post("/labs/<slug>/presentation")
@guarded(Act.LAB_LEAD, lab_door)
def describe(slug: str) -> Any:
    with reading():
        form = DescribeForm(queries.lab_called(slug).themes)
    if not form.validate_on_submit():
        return _presentation(slug, form, 422, form.faults())
    try:
        with unit_of_work():
            _describe(queries.lab_called(slug), form)
    except Invalid as error:
        return _presentation(slug, form, 422, form.faults_of(error, purpose="but"))
    flash(_("La présentation du lab est enregistrée."))
    return see_other("labs.show", slug=slug)


def _describe(lab: Lab, form: DescribeForm) -> None:
    service.describe(
        current_actor(),
        lab,
        purpose=form.but.data or "",
        themes=form.themes.data or [],
        open_to_requests=bool(form.ouvert.data),
    )


@blueprint.get("/api/v1/me")
@operation(Me, lambda: _("La personne derrière la session ou le jeton"), scope=Scope.READ_ME)
@guarded(Act.PORTAL_WORK)
def api_me() -> Any:
    """The person behind the session."""
    actor = current_actor()
    return Me(
        id=actor.id,
        name=actor.name,
        email=actor.email,
        administration=Place(id=actor.administration_id, name=actor.administration),
        roles=sorted(actor.roles),
        reviewer_of=sorted(actor.reviewer_of),
        shared_computer=actor.shared_computer,
    )


@blueprint.get("/api/v1/labs")
@operation(
    Labs,
    lambda: _("Les labs de la personne, puis ceux qui sont ouverts aux demandes"),
    asked=Listed,
    scope=Scope.READ_LABS,
)
@guarded(Act.PORTAL_WORK)
def api_labs() -> Any:
    """The labs one belongs to, then those open to requests, in which `right` is null; each sort by its slug."""
    found = queries.labs_for(current_actor())
    mine = {lab.id for lab in found.mine}
    shown, following = page_of(
        (*found.mine, *found.others),
        lambda lab: f"{'0' if lab.id in mine else '1'}{lab.slug}",
        asked(Listed),
        partial(url_for, "labs.api_labs"),
    )
    items = [
        LabItem(
            id=lab.id,
            slug=lab.slug,
            title=lab.title,
            purpose=lab.purpose,
            administration=lab.administration,
            right=lab.right,
            is_facilitator=lab.is_facilitator,
            url=absolute(url_for("labs.show", slug=lab.slug)),
        )
        for lab in shown
    ]
    return Labs(items=items, next=following)

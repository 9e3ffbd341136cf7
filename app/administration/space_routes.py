"""/admin/espaces: the espaces connectés, and who mediates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash

from app.administration import directory_queries, people_queries
from app.administration.doors import UNTRIED, Attempt, attempt, blueprint, differences, known, seen
from app.administration.forms import Button, SpaceForm
from app.db import reading
from app.directory import places
from app.directory.models import ConnectedSpace
from app.directory.places import SpaceWords
from app.extensions import gettext as _
from app.policy import Act, PortalRole
from app.web import current_actor, guarded, page, see_other


@blueprint.get("/espaces", endpoint="spaces")
@guarded(Act.PORTAL_ADMINISTER)
def listed() -> Any:
    mediators = people_queries.listing(people_queries.Asked(role=PortalRole.MEDIATOR, state="actifs"), 1)
    return page("administration/spaces.html", lines=directory_queries.spaces(), mediators=mediators)


def _words(form: SpaceForm) -> SpaceWords:
    return SpaceWords(
        name=form.nom.data or "", commune=form.commune.data or "", address=form.adresse.data or "",
        phone=form.telephone.data or "", hours=form.horaires.data or "", computers=form.ordinateurs.data or 0,
        bring=form.apporter.data or "", mediation=form.aide.data or "",
    )  # fmt: skip


def _stored(row: ConnectedSpace) -> dict[str, Any]:
    return {
        "nom": row.name, "commune": row.commune, "adresse": row.address, "telephone": row.phone,
        "horaires": row.hours, "ordinateurs": row.computers, "apporter": row.bring, "aide": row.mediation,
    }  # fmt: skip


def _space_page(space_id: int | None, tried: Attempt = UNTRIED, form: SpaceForm | None = None) -> Any:
    """The page of a space; None is one that is still to be made."""
    with reading():
        row = directory_queries.space(space_id) if space_id is not None else None
        stored = _stored(row) if row is not None else {}
        shown = form or SpaceForm(formdata=None, **stored)
        return page(
            "administration/space.html",
            tried.status or 200,
            it=row,
            form=shown,
            faults=tried.faults,
            now=differences(shown, stored) if tried.moved and form is not None else [],
        )


@blueprint.get("/espaces/nouveau", endpoint="new_space")
@guarded(Act.PORTAL_ADMINISTER)
def fresh() -> Any:
    return _space_page(None)


@blueprint.post("/espaces/nouveau", endpoint="create_space")
@guarded(Act.PORTAL_ADMINISTER)
def create() -> Any:
    form = SpaceForm()
    tried = attempt(form, lambda: places.create_space(current_actor(), _words(form)).id, form.NAMES)
    if tried.status:
        return _space_page(None, tried, form)
    return _back(tried.made, _("L’espace est inscrit. La page publique le montre dans quelques secondes."))


@blueprint.get("/espaces/<int:space_id>", endpoint="space")
@guarded(Act.PORTAL_ADMINISTER)
def show(space_id: int) -> Any:
    return _space_page(known(space_id))


@blueprint.post("/espaces/<int:space_id>", endpoint="change_space")
@guarded(Act.PORTAL_ADMINISTER)
def change(space_id: int) -> Any:
    form = SpaceForm()
    tried = attempt(
        form,
        lambda: places.change_space(current_actor(), known(space_id), seen(), _words(form)),
        form.NAMES,
    )
    if tried.status:
        return _space_page(known(space_id), tried, form)
    return _back(space_id, _("C’est enregistré. Les pages publiques le disent dans quelques secondes."))


@blueprint.post("/espaces/<int:space_id>/fermer", endpoint="close_space")
@guarded(Act.PORTAL_ADMINISTER)
def close(space_id: int) -> Any:
    return _pressed(
        space_id, places.close_space, _("L’espace est fermé : la page publique ne le montre plus.")
    )


@blueprint.post("/espaces/<int:space_id>/rouvrir", endpoint="reopen_space")
@guarded(Act.PORTAL_ADMINISTER)
def reopen(space_id: int) -> Any:
    return _pressed(space_id, places.reopen_space, _("L’espace est de nouveau montré."))


def _pressed(space_id: int, verb: Callable[..., object], said: str) -> Any:
    tried = attempt(Button(), lambda: verb(current_actor(), known(space_id), seen()))
    return _space_page(space_id, tried) if tried.status else _back(space_id, said)


def _back(space_id: int, said: str) -> Any:
    flash(said)
    return see_other("administration.space", space_id=space_id)

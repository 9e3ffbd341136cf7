"""/admin/services: the online services of the catalogue, and their outages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import flash

from app import clock
from app.administration import directory_queries, people_queries
from app.administration.doors import UNTRIED, Attempt, attempt, blueprint, differences, known, seen
from app.administration.forms import Button, OutageForm, ServiceForm
from app.db import reading
from app.directory import online
from app.directory.catalogue import logins, outage_now, service_kinds
from app.directory.models import OnlineService
from app.directory.online import ServiceWords
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page, see_other


@blueprint.get("/services", endpoint="services")
@guarded(Act.PORTAL_ADMINISTER)
def listed() -> Any:
    return page(
        "administration/services.html",
        lines=directory_queries.services(),
        days=directory_queries.COUNTED_DAYS,
    )


def _offered(row: OnlineService | None = None) -> list[tuple[int, str]]:
    """The open administrations, and the closed ones that own the service already."""
    there = people_queries.places()
    ids = {one[0] for one in there}
    kept = [
        (place.id, place.name) for place in (row.owners if row is not None else ()) if place.id not in ids
    ]
    return [*there, *kept]


def _words(form: ServiceForm) -> ServiceWords:
    return ServiceWords(
        title=form.titre.data or "", kind=form.genre.data or "", url=form.adresse.data or "",
        login=form.compte.data or "", summary=form.resume.data or "", owners=form.owners,
    )  # fmt: skip


def _stored(row: OnlineService) -> dict[str, Any]:
    return {
        "titre": row.title, "genre": str(row.kind), "adresse": row.url, "compte": str(row.login),
        "resume": row.summary, "administrations": [str(place.id) for place in row.owners],
    }  # fmt: skip


@blueprint.get("/services/nouveau", endpoint="new_service")
@guarded(Act.PORTAL_ADMINISTER)
def fresh() -> Any:
    return _new_page(ServiceForm(formdata=None), UNTRIED)


def _new_page(form: ServiceForm, tried: Attempt) -> Any:
    with reading():
        form.offer(_offered())
        return page("administration/service_new.html", tried.status or 200, form=form, faults=tried.faults)


@blueprint.post("/services/nouveau", endpoint="create_service")
@guarded(Act.PORTAL_ADMINISTER)
def create() -> Any:
    form = ServiceForm()
    with reading():
        form.offer(_offered())
    tried = attempt(form, lambda: online.create_service(current_actor(), _words(form)).id, form.NAMES)
    if tried.status:
        return _new_page(form, tried)
    flash(_("Le service est inscrit. Les pages publiques le montrent dans quelques secondes."))
    return see_other("administration.service", service_id=tried.made)


def _local(moment: datetime | None) -> datetime | None:
    return clock.local(moment).replace(tzinfo=None) if moment is not None else None


def _service_page(service_id: int, tried: Attempt = UNTRIED, **refused: Any) -> Any:
    """The page of a service; `refused` is the form that was not taken: `form` or `outage`."""
    with reading():
        row = directory_queries.service(service_id)
        form = refused.get("form") or ServiceForm(formdata=None, **_stored(row))
        form.offer(_offered(row))
        outage = refused.get("outage") or OutageForm(
            formdata=None, message=row.outage, debut=_local(row.outage_from), fin=_local(row.outage_until)
        )
        return page(
            "administration/service.html",
            tried.status or 200,
            it=row,
            form=form,
            outage=outage,
            out_now=outage_now(row),
            kinds=service_kinds(),
            logins=logins(),
            faults=tried.faults,
            now=differences(form, _stored(row)) if tried.moved and "form" in refused else [],
        )


@blueprint.get("/services/<int:service_id>", endpoint="service")
@guarded(Act.PORTAL_ADMINISTER)
def show(service_id: int) -> Any:
    return _service_page(known(service_id))


@blueprint.post("/services/<int:service_id>", endpoint="change_service")
@guarded(Act.PORTAL_ADMINISTER)
def change(service_id: int) -> Any:
    form = ServiceForm()
    with reading():
        form.offer(_offered(directory_queries.service(known(service_id))))
    tried = attempt(
        form, lambda: online.change_service(current_actor(), service_id, seen(), _words(form)), form.NAMES
    )
    if tried.status:
        return _service_page(service_id, tried, form=form)
    return _back(service_id, _("C’est enregistré. Les pages publiques le disent dans quelques secondes."))


@blueprint.post("/services/<int:service_id>/indisponibilite", endpoint="announce_outage")
@guarded(Act.PORTAL_ADMINISTER)
def announce(service_id: int) -> Any:
    form = OutageForm()
    tried = attempt(
        form,
        lambda: online.announce_outage(
            current_actor(), known(service_id), seen(), form.message.data or "", form.moment("debut"),
            form.moment("fin"),
        ),
        form.NAMES,
    )  # fmt: skip
    if tried.status:
        return _service_page(service_id, tried, outage=form)
    return _back(service_id, _("C’est enregistré. Les pages publiques le disent dans quelques secondes."))


@blueprint.post("/services/<int:service_id>/retirer", endpoint="withdraw_service")
@guarded(Act.PORTAL_ADMINISTER)
def withdraw(service_id: int) -> Any:
    return _pressed(
        service_id, online.withdraw_service, _("Le service est retiré : plus aucune page n’y mène.")
    )


@blueprint.post("/services/<int:service_id>/remettre", endpoint="bring_back_service")
@guarded(Act.PORTAL_ADMINISTER)
def bring_back(service_id: int) -> Any:
    return _pressed(service_id, online.bring_back_service, _("Le service est de nouveau montré."))


def _pressed(service_id: int, verb: Callable[..., object], said: str) -> Any:
    tried = attempt(Button(), lambda: verb(current_actor(), known(service_id), seen()))
    return _service_page(service_id, tried) if tried.status else _back(service_id, said)


def _back(service_id: int, said: str) -> Any:
    flash(said)
    return see_other("administration.service", service_id=service_id)

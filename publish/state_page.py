"""/etat: whether the portal is well, which online services are out of order, when something was published last.

It is made for each reader and stored by nobody: a copy of a minute ago would say that all is well when it is not, and
stored pages go on answering from memory when the database does not.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, current_app
from flask_babel import format_datetime

from app import clock
from app.db import reading
from app.directory import catalogue
from app.directory.catalogue import Service
from app.errors import Unavailable
from app.extensions import gettext as _
from publish import health, pages, queries
from publish.queries import Card


@dataclass(frozen=True)
class Known:
    """What only the database can tell."""

    newest: Card | None
    outages: tuple[Service, ...]


def _effects(failing: list[str]) -> list[str]:
    """What readers and agents notice of what fails, each said once."""
    words = {
        "database": _(
            "La recherche et l’espace des agents ne répondent pas ; les fiches déjà lues restent visibles."
        ),
        "log": _("Les agents ne peuvent pas écrire pour le moment."),
        "disk": _("Rien ne peut être enregistré pour le moment ; les fiches restent visibles."),
        "worker": _("Les courriels et les publications prévues prennent du retard."),
        "redis": _("Les agents qui écrivent ensemble voient les changements avec du retard."),
    }
    # Without a database, the log of texts is not reached either.
    return [words[name] for name in failing if not (name == "log" and "database" in failing)]


def _known() -> Known:
    found = queries.with_link_state(catalogue.services())
    return Known(queries.newest_card(), tuple(service for service in found if service.outage))


def register(blueprint: Blueprint) -> None:
    @blueprint.get("/etat")
    @health.for_anybody
    def state() -> Response:
        failing = health.failing(current_app.config["SETTINGS"])
        said = {
            "effects": _effects(failing),
            "at": format_datetime(clock.local(clock.now()), "d MMMM y, HH:mm"),
        }
        if "database" not in failing:
            try:
                with reading():
                    known = _known()
                return pages.framed("state.html", "/etat", 503 if failing else 200, known=known, **said)
            except Unavailable:
                said["effects"] = _effects([*failing, "database"])
        return pages.framed("state.html", "/etat", 503, without_database=True, known=None, **said)

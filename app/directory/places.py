"""Verbs about espaces connectés: make, change, close, open again."""

from __future__ import annotations

from dataclasses import dataclass

from app import clock
from app.db import session
from app.directory.editing import as_seen, changed, free_slug, may_administer, one_line, put
from app.directory.models import ConnectedSpace
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Actor

# More computers are a school, and a slip of the keyboard.
MOST_COMPUTERS = 500


@dataclass(frozen=True)
class SpaceWords:
    """What a form says of a space, as it was typed."""

    name: str
    commune: str
    address: str
    phone: str
    hours: str
    computers: int
    bring: str
    mediation: str


def create_space(actor: Actor, given: SpaceWords) -> ConnectedSpace:
    may_administer(actor)
    values = _checked(given)
    row = ConnectedSpace(slug=free_slug(ConnectedSpace, given.name, 80), version=0, **values)
    session().add(row)
    session().flush()
    changed(actor, row, "create_space")
    return row


def change_space(actor: Actor, number: int, seen: int, given: SpaceWords) -> ConnectedSpace:
    row = as_seen(actor, ConnectedSpace, number, seen)
    fields = put(row, _checked(given))
    if fields:
        changed(actor, row, "change_space", fields=fields)
    return row


def close_space(actor: Actor, number: int, seen: int) -> ConnectedSpace:
    """It is shown to nobody any more."""
    row = as_seen(actor, ConnectedSpace, number, seen)
    if row.closed_at is not None:
        raise Invalid(_("Cet espace est déjà fermé."))
    row.closed_at = clock.now()
    changed(actor, row, "close_space")
    return row


def reopen_space(actor: Actor, number: int, seen: int) -> ConnectedSpace:
    row = as_seen(actor, ConnectedSpace, number, seen)
    if row.closed_at is None:
        raise Invalid(_("Cet espace est ouvert."))
    row.closed_at = None
    changed(actor, row, "reopen_space")
    return row


def _checked(given: SpaceWords) -> dict[str, object]:
    name = _("Donnez le nom de l’espace (200 caractères au plus).")
    commune = _("Donnez la commune (80 caractères au plus).")
    if not 0 <= given.computers <= MOST_COMPUTERS:
        raise Invalid(_("Donnez le nombre d’ordinateurs, de 0 à 500."), field="computers")
    return {
        "name": one_line(given.name, 200, "name", name, needed=True),
        "commune": one_line(given.commune, 80, "commune", commune, needed=True),
        "address": one_line(given.address, 300, "address"),
        "phone": one_line(given.phone, 40, "phone"),
        "hours": one_line(given.hours, 300, "hours"),
        "computers": given.computers,
        "bring": one_line(given.bring, 500, "bring"),
        "mediation": one_line(given.mediation, 300, "mediation"),
    }
